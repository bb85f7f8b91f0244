// The connection to a room: commands, and a view of its members, messages and board.

import { Callbacks } from "./callbacks.ts";
import { NO_POSITION } from "./log_position.ts";
import { outcome } from "./outcome.ts";
import type { Entry } from "./outbox.ts";
import { Socket } from "./socket.ts";
import type { ConnectionState, Stopped } from "./socket.ts";
import type { Session } from "./session.ts";
import * as views from "./view.ts";
import type { PendingMessage, SentMessage, View } from "./view.ts";
import { is_welcome, random_key } from "./frames.ts";
import { ROOM_KEYED } from "./wire.ts";
import type { Event, Json, Welcome } from "./wire.ts";

/** Handlers are called after the client's own work, and may throw: `error` then receives the error. */
export type RoomHandlers = {
  /** The view, the connection or the unsent messages have changed. Called at most once per frame. */
  changed?: () => void;
  /** An ephemeral message: typing, a pointer. */
  hint?: (by: string, body: Json) => void;
  /** Call negotiation from one member. */
  signal?: (by: string, body: Json) => void;
  /** Another handler has thrown an error, which changed nothing for the room. */
  error?: (error: unknown) => void;
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
  #callbacks: Callbacks<RoomHandlers>;
  #socket: Socket;
  /** For each message of this client: the last position seen when it was sent. */
  #position_when_said = new Map<string, number>();

  /** `saved` is the view that an earlier page had of the same room: the connection resumes from there. */
  constructor(url: string, id: string, session: Session, handlers: RoomHandlers, saved: View | null = null) {
    this.id = id;
    this.#callbacks = new Callbacks(handlers);
    this.#view = saved ? views.restored(saved) : views.empty();
    const owner = {
      on_state: () => this.#changed(),
      on_messages: (messages: (Welcome | Event)[]) => this.#on_messages(messages),
      on_stop: (state: Stopped) => this.#settle(state),
    };
    this.#socket = new Socket(url, session, owner, ROOM_KEYED, saved?.position ?? NO_POSITION);
  }

  /** Adds a handler beside those of the constructor; the returned function removes it. */
  on<K extends keyof RoomHandlers>(name: K, handler: NonNullable<RoomHandlers[K]>): () => void {
    return this.#callbacks.on(name, handler as never);
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
    return views.unsent(this.#view, this.#says);
  }

  /**
   * Sends a message to all members; resolves with its log position once it is accepted, or with `durable` once it is on
   * disk. Any number may be sent at once: they arrive in order, at the pace that the room allows. Throws `Refused`, or
   * `ConnectionClosed` if the room closed before the reply.
   */
  async say(body: Json, wait_for: "accepted" | "durable" = "accepted"): Promise<number> {
    const key = random_key();
    this.#position_when_said.set(key, this.#view.position.at);
    const answer = this.#socket.sender.send({ op: "say", key, body, ...(wait_for === "durable" && { ack: "durable" }) });
    this.#changed();
    try {
      const { at } = await answer;
      return Number(at);
    } finally {
      this.#changed();
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

  /**
   * Writes keys of the board; `null` removes one. With `if_at`, only if they were not written or removed after that
   * position: otherwise throws `Refused` with `conflict` at once.
   */
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

  /** Ends the room for all members, with a result. Throws `Refused` with `room_over` if it had ended before. */
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

  /** The messages of this client that are not durable yet. Forgets the positions of the others. */
  get #says(): SentMessage[] {
    const says = this.#socket.sender.entries.filter((entry) => entry.command.op === "say");
    const kept = says.map((entry): [Entry, number] => [entry, this.#position_when_said.get(entry.key) ?? 0]);
    this.#position_when_said = new Map(kept.map(([{ key }, after]) => [key, after]));
    return kept.map(([entry, after]) => ({ entry, after }));
  }

  #changed(): void {
    this.#callbacks.emit_once("changed");
  }

  #on_messages(messages: (Welcome | Event)[]): void {
    for (const message of messages) {
      if (is_welcome(message)) {
        this.#view = views.welcome(this.#view, message);
        continue;
      }
      this.#view = views.fold(this.#view, message);
      if (message.ev === "hint") this.#callbacks.emit("hint", message.by ?? "", message.body ?? null);
      if (message.ev === "signal") this.#callbacks.emit("signal", message.by ?? "", message.body ?? null);
    }
    this.#changed();
  }

  /** Settles the commands whose replies were lost, as far as the room or its close shows what became of them. */
  #settle(state: Stopped): void {
    const { sender } = this.#socket;
    const said = views.positions(this.#view, this.#says);
    for (const entry of sender.entries) {
      const known = outcome(entry, state, this.#view, said.get(entry.key));
      if (known !== null) sender.settle(entry.key, known);
    }
  }
}
