// The socket of the playground: a plain WebSocket that resumes by hand, and spoils its own network on demand.

import type { Operator } from "./api.ts";

/** A frame of the playground's log. */
export type Frame = { way: "sent" | "received" | "state"; text: string };
/** The page, as the socket tells and asks it. */
export type Owner = { on_frame: (frame: Frame) => void; on_state: (text: string) => void; is_slow: () => boolean; is_double: () => boolean };

/** The time between two confirmations of a position; the protocol allows one in five seconds. */
const SEEN_MS = 5_000;
/** The close code of a client that will come back. */
const CLOSE_TO_RESUME = 3000;
const PATHS: Record<string, string> = { me: "/v1/me", lobby: "/v1/lobbies/", room: "/v1/rooms/" };

/** One socket at a time, to one target. */
export class PlaySocket {
  readonly #operator: Operator;
  readonly #owner: Owner;
  #ws: WebSocket | null = null;
  #target = "";
  #epoch: string | null = null;
  #at = 0;
  #seen_at = 0;

  constructor(operator: Operator, owner: Owner) {
    this.#operator = operator;
    this.#owner = owner;
  }

  /** Opens a socket to a target, from the start. */
  async open(target: string): Promise<void> {
    this.close();
    this.#target = target;
    this.#epoch = null;
    this.#at = 0;
    await this.#connect();
  }

  /** Loses the connection, and resumes from the last position. */
  async cut(): Promise<void> {
    if (this.#target === "") throw new Error("Open a socket first.");
    this.#leave(CLOSE_TO_RESUME);
    this.#owner.on_frame({ way: "state", text: `cut; resumes after ${this.#at}` });
    await this.#connect();
  }

  /** Closes the socket for good. */
  close(): void {
    if (this.#ws === null) return;
    this.#leave(1000);
    this.#owner.on_state("closed");
  }

  /** Sends a frame as it is; twice, if the network doubles. */
  send(text: string): void {
    const ws = this.#ws;
    if (ws?.readyState !== WebSocket.OPEN) throw new Error("The socket is not open.");
    for (let left = this.#owner.is_double() ? 2 : 1; left > 0; left -= 1) {
      ws.send(text);
      this.#owner.on_frame({ way: "sent", text });
    }
  }

  async #connect(): Promise<void> {
    const address = this.#address();
    const token = await this.#operator.session.token();
    const ws = new WebSocket(address, ["matchpoint.v1", `matchpoint.bearer.${token}`]);
    this.#ws = ws;
    this.#owner.on_state("connecting");
    ws.onopen = () => this.#owner.on_state("open");
    ws.onmessage = ({ data }) => {
      if (this.#ws === ws) this.#received(String(data));
    };
    ws.onclose = ({ code, reason }) => {
      if (this.#ws !== ws) return;
      this.#ws = null;
      this.#owner.on_state(`closed with ${code}`);
      this.#owner.on_frame({ way: "state", text: `closed with ${code} ${reason}` });
    };
  }

  #address(): string {
    const [path = "", query = ""] = this.#target.split("?");
    const [kind = "", id] = path.split("/");
    const start = PATHS[kind];
    if (start === undefined || (kind !== "me" && !id)) throw new Error("Connect to `me`, `lobby/<pool>` or `room/<id>`.");
    const parameters = new URLSearchParams(query);
    if (this.#epoch !== null) {
      parameters.set("epoch", this.#epoch);
      parameters.set("at", String(this.#at));
    }
    const asked = parameters.size === 0 ? "" : `?${parameters.toString()}`;
    return this.#operator.matchpoint.url.replace(/^http/, "ws") + start + encodeURIComponent(id ?? "") + asked;
  }

  /** Notes the position, and confirms it now and then unless the client is slow. */
  #received(text: string): void {
    this.#owner.on_frame({ way: "received", text });
    if (!/^[[{]/.test(text)) return;
    const messages = [JSON.parse(text) as unknown].flat() as { ev?: string; epoch?: string; at?: number; snapshot?: { at: number } }[];
    for (const { ev, epoch, at, snapshot } of messages) {
      if (ev === "welcome" && epoch !== undefined) this.#epoch = epoch;
      const position = snapshot?.at ?? at;
      if (typeof position === "number") this.#at = Math.max(this.#at, position);
    }
    const is_room = this.#target.startsWith("room/");
    if (!is_room || this.#owner.is_slow() || Date.now() - this.#seen_at < SEEN_MS || this.#ws?.readyState !== WebSocket.OPEN) return;
    this.#seen_at = Date.now();
    const seen = JSON.stringify({ op: "seen", body: { at: this.#at } });
    this.#ws.send(seen);
    this.#owner.on_frame({ way: "sent", text: seen });
  }

  #leave(code: number): void {
    const ws = this.#ws;
    this.#ws = null;
    ws?.close(code);
  }
}
