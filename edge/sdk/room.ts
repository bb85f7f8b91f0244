// A room, from inside: say, show, call, end; who is here, and what was said.

import { NOWHERE } from "./place.ts";
import { Socket } from "./socket.ts";
import type { Line } from "./socket.ts";
import type { Session } from "./session.ts";
import * as views from "./view.ts";
import type { Unsent, View } from "./view.ts";
import { is_welcome, random_key } from "./wire.ts";
import type { Event, Json, Welcome } from "./wire.ts";

export type RoomHandlers = {
  /** The view, the connection, or what is unsent is another now. At most once a frame. */
  changed?: () => void;
  /** Something ephemeral to everybody: typing, a pointer. */
  hint?: (by: string, body: Json) => void;
  /** Call negotiation from one member. */
  signal?: (by: string, body: Json) => void;
};

/**
 * One player's presence in a room. It opens at once and stays, through every lost connection, until the room is over
 * or `close` is called.
 *
 *     const room = matchpoint.room(session, "m_7", { changed: () => draw(room.view) });
 *     await room.say({ text: "hello" });     // accepted: in order, told to everybody
 */
export class Room {
  readonly id: string;
  #view: View;
  #handlers: RoomHandlers;
  #socket: Socket;
  /** For each message said here: the position seen when it was said. */
  #said_after = new Map<string, number>();

  /** `saved` is the view an earlier page had of this same room: the connection goes on from there. */
  constructor(url: string, id: string, session: Session, handlers: RoomHandlers, saved: View | null = null) {
    this.id = id;
    this.#handlers = handlers;
    this.#view = saved ?? views.empty();
    const line = () => this.#handlers.changed?.();
    const heard = (news: (Welcome | Event)[]) => this.#heard(news);
    this.#socket = new Socket(url, session, { heard, line }, saved?.place ?? NOWHERE);
  }

  get view(): View {
    return this.#view;
  }

  /** How the connection is. */
  get line(): Line {
    return this.#socket.line;
  }

  /** What was said here and has no place in the order yet, oldest first. */
  get unsent(): Unsent[] {
    const says = this.#socket.sender.entries
      .filter((entry) => entry.op === "say")
      .map((entry) => ({ entry, after: this.#said_after.get(entry.key) ?? 0 }));
    return views.unsent(this.#view, says);
  }

  /**
   * Says something to everybody; resolves with its position once it is accepted. `durable` waits until it would
   * survive the loss of the machine. Throws `Refused`, or `Stopped` where the room closed before an answer came.
   */
  async say(body: Json, wait_for: "accepted" | "durable" = "accepted"): Promise<number> {
    const key = random_key();
    this.#said_after.set(key, this.#view.place.at);
    const answer = this.#socket.sender.send({ op: "say", key, body, ...(wait_for === "durable" && { ack: "durable" }) });
    this.#handlers.changed?.();
    try {
      const { at } = await answer;
      return Number(at);
    } finally {
      this.#handlers.changed?.();
    }
  }

  /** Something ephemeral, to everybody or to one. Lost when there is no connection, and never repeated. */
  hint(body: Json, to?: string): void {
    this.#socket.sender.hint({ op: "hint", body, ...(to !== undefined && { to }) });
  }

  /** Call negotiation with one member; the room holds it while they reconnect. */
  async signal(to: string, body: Json): Promise<void> {
    await this.#socket.sender.send({ op: "signal", to, body });
  }

  /** Writes keys of the board; `null` removes one. With `if_at`, only where nobody wrote since that position. */
  async set(values: Record<string, Json>, if_at?: number): Promise<number> {
    const body = { keys: values, ...(if_at !== undefined && { if_at }) };
    const { at } = await this.#socket.sender.send({ op: "set", body });
    return Number(at);
  }

  /** Gives up the seat. The others stay. */
  async leave(): Promise<void> {
    await this.#socket.sender.send({ op: "leave" });
    this.close();
  }

  /** Finishes the room for everybody, with a result. */
  async end(result: Json = null): Promise<void> {
    await this.#socket.sender.send({ op: "end", body: result });
  }

  /** Cuts the connection as a lost network would; it comes back by itself. */
  drop(away_ms?: number): void {
    this.#socket.drop(away_ms);
  }

  /** Goes away without giving up the seat. */
  close(): void {
    this.#socket.close();
  }

  #heard(news: (Welcome | Event)[]): void {
    for (const one of news) {
      if (is_welcome(one)) {
        this.#view = views.welcome(this.#view, one);
        continue;
      }
      this.#view = views.fold(this.#view, one);
      if (one.ev === "hint") this.#handlers.hint?.(one.by ?? "", one.body ?? null);
      if (one.ev === "signal") this.#handlers.signal?.(one.by ?? "", one.body ?? null);
    }
    this.#handlers.changed?.();
  }
}
