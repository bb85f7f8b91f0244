// The fake server's end of a WebSocket, and the client's: frames pass between them in memory.

import type { Event, Json, Refusal, Welcome } from "../wire/wire.ts";

/** A command as the fake server reads it. */
export type Received = { id?: number; op: string; key?: string; to?: string; if_at?: number; body?: Json };

/** A message of the fake server. */
export type Told = Welcome | Event | { id: number; ok: { [name: string]: Json } } | { id: number; err: Refusal };

/** The object that a socket talks to. */
export type Host = {
  open(socket: FakeSocket): void;
  receive(socket: FakeSocket, command: Received): void;
  closed(socket: FakeSocket): void;
};

const HEARTBEAT = { every_ms: 25_000, grace_ms: 10_000 };
const LIMITS = { frame_bytes: 16_384, per_s: 20, burst: 40, batch: 64 };

/** One connection. The client sees a `WebSocket`; the host tells messages and closes it. */
export class FakeSocket {
  readonly url: string;
  /** The player of the token; empty for a token that the server does not know. */
  readonly player: string;
  readyState = 0;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly #host: Host;
  #told: Told[] = [];
  #lost = false;

  constructor(url: string, player: string, host: Host) {
    this.url = url;
    this.player = player;
    this.#host = host;
    queueMicrotask(() => {
      if (this.readyState !== 0) return;
      this.readyState = 1;
      host.open(this);
    });
  }

  /** The query of the opening. */
  get query(): URLSearchParams {
    return new URL(this.url).searchParams;
  }

  /** Sends a frame of the client. */
  send(frame: string): void {
    if (frame === "ping") return queueMicrotask(() => this.onmessage?.({ data: "pong" }));
    const commands = [JSON.parse(frame)].flat() as Received[];
    queueMicrotask(() => {
      for (const command of commands) if (this.readyState === 1) this.#host.receive(this, command);
    });
  }

  /** Closes the client's end. */
  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#host.closed(this);
  }

  /** Sends messages to the client, in one frame for each turn of the event loop. */
  tell(...messages: Told[]): void {
    if (this.#told.push(...messages) > messages.length) return;
    queueMicrotask(() => {
      const data = JSON.stringify(this.#told);
      this.#told = [];
      if (this.readyState === 1 && !this.#lost) this.onmessage?.({ data });
    });
  }

  /** Sends the welcome of an object. */
  welcome(more: Partial<Welcome>): void {
    const fields = { epoch: "e1", at: 0, recovered: false, replayed: 0, durable: 0, now: Date.now() };
    this.tell({ ev: "welcome", ...fields, you: this.player, heartbeat: HEARTBEAT, limits: LIMITS, ...more });
  }

  /** Answers a command. */
  reply({ id }: Received, ok: { [name: string]: Json }): void {
    if (id !== undefined) this.tell({ id, ok });
  }

  /** Refuses a command. */
  refuse({ id }: Received, refusal: Refusal): void {
    if (id !== undefined) this.tell({ id, err: refusal });
  }

  /** Closes the connection. Messages on their way arrive first; with 1006, the loss of the network, they are lost too. */
  end(code: number, why: string): void {
    if (code === 1006) this.#lost = true;
    queueMicrotask(() => {
      if (this.readyState === 3) return;
      this.readyState = 3;
      this.onclose?.({ code, reason: code === 1006 ? "" : JSON.stringify({ why }) });
      this.#host.closed(this);
    });
  }
}
