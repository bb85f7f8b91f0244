// The connection to a room: commands, and a view of its members, messages and board.

import { NO_POSITION } from "./log_position.ts";
import { Socket } from "./socket.ts";
import type { ConnectionState } from "./socket.ts";
import type { Session } from "./session.ts";
import * as views from "./view.ts";
import type { PendingMessage, View } from "./view.ts";
import { is_welcome, random_key } from "./frames.ts";
import { ROOM_KEYED } from "./wire.ts";
import type { Event, Json, Welcome } from "./wire.ts";

export type RoomHandlers = {
  /** The view, the connection or the unsent messages have changed. Called at most once per frame. */
  changed?: () => void;
  /** An ephemeral message: typing, a pointer. */
  hint?: (by: string, body: Json) => void;
  /** Call negotiation from one member. */
  signal?: (by: string, body: Json) => void;
};

/**
 * One player's connection to a room. It opens at once and reconnects after every loss, until the room has ended or
 * `close` is called.
 *
 *     const room = matchpoint.room(session, "m_7", { changed: () => draw(room.view) });
 *     await room.say({ text: "hello" });     // accepted: ordered, and sent to all members
 */
export class Room {
  readonly id: string;
  #view: View;
  #handlers: RoomHandlers;
  #socket: Socket;
  /** For each message of this client: the last position seen when it was sent. */
  #position_when_said = new Map<string, number>();

  /** `saved` is the view that an earlier page had of the same room: the connection resumes from there. */
  constructor(url: string, id: string, session: Session, handlers: RoomHandlers, saved: View | null = null) {
    this.id = id;
    this.#handlers = handlers;
    this.#view = saved ?? views.empty();
    const on_state = () => this.#handlers.changed?.();
    const on_messages = (messages: (Welcome | Event)[]) => this.#on_messages(messages);
    this.#socket = new Socket(url, session, { on_messages, on_state }, ROOM_KEYED, saved?.position ?? NO_POSITION);
  }

  get view(): View {
    return this.#view;
  }

  /** The state of the connection. */
  get connection(): ConnectionState {
    return this.#socket.state;
  }

  /** @deprecated The former name of `connection`. */
  get line(): ConnectionState {
    return this.connection;
  }

  /** Messages of this client without a log position yet, oldest first. */
  get unsent(): PendingMessage[] {
    const says = this.#socket.sender.entries
      .filter((entry) => entry.command.op === "say")
      .map((entry) => ({ entry, after: this.#position_when_said.get(entry.key) ?? 0 }));
    return views.unsent(this.#view, says);
  }

  /**
   * Sends a message to all members; resolves with its log position once it is accepted, or with `durable` once it is on
   * disk. Throws `Refused`, or `ConnectionClosed` if the room closed before the reply.
   */
  async say(body: Json, wait_for: "accepted" | "durable" = "accepted"): Promise<number> {
    const key = random_key();
    this.#position_when_said.set(key, this.#view.position.at);
    const answer = this.#socket.sender.send({ op: "say", key, body, ...(wait_for === "durable" && { ack: "durable" }) });
    this.#handlers.changed?.();
    try {
      const { at } = await answer;
      return Number(at);
    } finally {
      this.#handlers.changed?.();
    }
  }

  /** Sends an ephemeral message to all members or to one. It is lost without a connection, and never repeated. */
  hint(body: Json, to?: string): void {
    this.#socket.sender.send_ephemeral({ op: "hint", body, ...(to !== undefined && { to }) });
  }

  /** Sends call negotiation to one member; the room holds it while that member reconnects. */
  async signal(to: string, body: Json): Promise<void> {
    await this.#socket.sender.send({ op: "signal", to, body });
  }

  /** Writes keys of the board; `null` removes one. With `if_at`, only if they were not written after that position. */
  async set(values: Record<string, Json>, if_at?: number): Promise<number> {
    const body = { keys: values, ...(if_at !== undefined && { if_at }) };
    const { at } = await this.#socket.sender.send({ op: "set", body });
    return Number(at);
  }

  /** Vacates the seat. The other members stay. */
  async leave(): Promise<void> {
    await this.#socket.sender.send({ op: "leave" });
    this.close();
  }

  /** Ends the room for all members, with a result. */
  async end(result: Json = null): Promise<void> {
    await this.#socket.sender.send({ op: "end", body: result });
  }

  /** Cuts the connection as a lost network would; it reconnects by itself. */
  disconnect(away_ms?: number): void {
    this.#socket.disconnect(away_ms);
  }

  /** Disconnects for good without vacating the seat. */
  close(): void {
    this.#socket.close();
  }

  #on_messages(messages: (Welcome | Event)[]): void {
    for (const message of messages) {
      if (is_welcome(message)) {
        this.#view = views.welcome(this.#view, message);
        continue;
      }
      this.#view = views.fold(this.#view, message);
      if (message.ev === "hint") this.#handlers.hint?.(message.by ?? "", message.body ?? null);
      if (message.ev === "signal") this.#handlers.signal?.(message.by ?? "", message.body ?? null);
    }
    this.#handlers.changed?.();
  }
}
