// The connection to a room: commands, and a view of its members, messages, board and match.

import { Callbacks } from "../events/callbacks.ts";
import { outcome } from "./outcome.ts";
import type { Entry } from "../connection/outbox.ts";
import type { MatchEvent, Mode } from "./modes.ts";
import { Predictions } from "./predictions.ts";
import type { Predictor } from "./predictions.ts";
import { SentMoves } from "./sent_moves.ts";
import { Socket } from "../connection/socket.ts";
import type { ConnectionState, Stopped } from "../connection/socket.ts";
import type { Session } from "../session/session.ts";
import * as views from "./view.ts";
import type { PendingMessage, SentMessage, View } from "./view.ts";
import { is_welcome, random_key } from "../wire/frames.ts";
import { ROOM_KEYED } from "../wire/wire.ts";
import type { Event, Json, Welcome } from "../wire/wire.ts";

/** Any mode, for types that hold for all of them. */
export type AnyMode = Mode<unknown, unknown, unknown, unknown>;

/** When a command is done: accepted means ordered and sent to all members, durable means on disk. */
export type WaitFor = "accepted" | "durable";

/** Handlers are called after the client's own work, and may throw: `error` then receives the error. */
export type RoomHandlers<M extends AnyMode = Mode> = {
  /** The view, the connection or the unsent messages have changed. Called at most once per frame. */
  changed?: () => void;
  /** An ephemeral message: typing, a pointer. */
  hint?: (by: string, body: Json) => void;
  /** Call negotiation from one member. */
  signal?: (by: string, body: Json) => void;
  /**
   * The match has changed: called once for each event of it, in order, with the state right after that event. The event is
   * `null` where the whole state is new: the match has started, or a snapshot replaces what this client missed.
   */
  state?: (state: M["state"], event: MatchEvent<M> | null) => void;
  /** Another handler has thrown an error, which changed nothing for the room. */
  error?: (error: unknown) => void;
};

/**
 * One player's connection to a room. It opens at once and reconnects after every loss, until the room has ended or
 * `close` is called. `M` are the types of the room's mode, if it has one.
 *
 *     const room = matchpoint.room(session, "m_7", { changed: () => draw(room.view) });
 *     await room.say({ text: "hello" });     // accepted: ordered, and sent to all members
 */
export class Room<M extends AnyMode = Mode> {
  readonly id: string;
  #view: View;
  #callbacks: Callbacks<RoomHandlers<M>>;
  #socket: Socket;
  #moves = new SentMoves();
  #predictions = new Predictions();
  /** For each message of this client: the last position seen when it was sent. */
  #position_when_said = new Map<string, number>();

  /** `saved` is the view that an earlier page had of the same room: the connection resumes from there. */
  constructor(url: string, id: string, session: Session, handlers: RoomHandlers<M>, saved: View | null = null) {
    this.id = id;
    this.#callbacks = new Callbacks(handlers);
    this.#view = saved ? views.restored(saved) : views.empty();
    const owner = {
      on_state: () => this.#changed(),
      on_messages: (messages: (Welcome | Event)[]) => this.#on_messages(messages),
      on_stop: (state: Stopped) => this.#settle(state),
    };
    this.#socket = new Socket(url, session, owner, ROOM_KEYED, this.#view.position);
  }

  /** Adds a handler beside those of the constructor; the returned function removes it. */
  on<K extends keyof RoomHandlers<M>>(name: K, handler: NonNullable<RoomHandlers<M>[K]>): () => void {
    return this.#callbacks.on(name, handler as never);
  }

  get view(): View {
    return this.#view;
  }

  /**
   * The match as this player may see it; `null` before it starts, and in a room without a mode. Never changed in place. With
   * `predict_with` it contains the player's moves that the room has not answered yet.
   */
  get state(): M["state"] | null {
    return this.#predictions.state(this.#view, Date.now() + this.skew_ms);
  }

  /** Shows moves at once, by the rules that this predictor knows; `null` shows them when the room answers. */
  predict_with(predictor: Predictor | null): void {
    this.#predictions.use(predictor);
  }

  /** The players in the order of their seats in the match; empty before it starts. */
  get seats(): readonly string[] {
    return this.#view.seats;
  }

  /** The seat of this player in the match; `null` for spectators, and before it starts. */
  get seat(): number | null {
    const seat = this.#view.seats.indexOf(this.#view.you);
    return seat < 0 ? null : seat;
  }

  /** The server's clock minus this device's. */
  get skew_ms(): number {
    return this.#socket.skew_ms;
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
  async say(body: Json, wait_for: WaitFor = "accepted"): Promise<number> {
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

  /**
   * Makes a move in the match; resolves with its log position. It is repeated after a reconnect and executed once. With
   * `if_at` it is executed only if the match has not changed after that position: `room.view.position.at` when the player
   * decided. Throws `Refused` with `illegal`, `not_your_turn` or `too_late`, and the mode's own word in `why`; with `conflict`
   * at once if the match has changed; and `ConnectionClosed` if the room closed and the events do not show what became of it.
   */
  async move(body: M["move"], { if_at, wait_for = "accepted" }: { if_at?: number; wait_for?: WaitFor } = {}): Promise<number> {
    const key = random_key();
    this.#moves.sent(key, this.#view.position.at);
    this.#predictions.sent(key, body as Json);
    this.#changed();
    const ack = wait_for === "durable" && ({ ack: "durable" } as const);
    const command = { op: "move", key, body: body as Json, ...(if_at !== undefined && { if_at }), ...ack } as const;
    let at: number | null = null;
    try {
      return (at = Number((await this.#socket.sender.send(command)).at));
    } finally {
      this.#moves.settled(key, at);
      this.#predictions.answered(key);
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

  /**
   * Ends the room for all members, with a result. Where all must agree, it states this player's result, and a later one
   * replaces it; the room ends once all members have stated the same. Throws `Refused` with `room_over` if it had ended before, and
   * with `forbidden` where a mode ends the room.
   */
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
        this.#moves.welcome(this.#view, message);
        this.#view = views.welcome(this.#view, message);
        if (message.snapshot?.state !== undefined) this.#emit_state(null);
        continue;
      }
      this.#view = views.fold(this.#view, message);
      this.#moves.event(message, this.#view.you);
      if (message.ev === "moved" && message.by === this.#view.you) this.#predictions.made();
      if (message.ev === "started") this.#emit_state(null);
      if (message.ev === "moved") this.#emit_state(message);
      if (message.ev === "hint") this.#callbacks.emit("hint", message.by ?? "", message.body ?? null);
      if (message.ev === "signal") this.#callbacks.emit("signal", message.by ?? "", message.body ?? null);
    }
    this.#changed();
  }

  #emit_state(event: (Event & { ev: "moved" }) | null): void {
    const { at = 0, by = null, body, private: own } = event ?? {};
    const told = { at, by, ...(body !== undefined && { body }), ...(own !== undefined && { private: own }) };
    this.#callbacks.emit("state", this.#view.state, event && told);
  }

  /** Settles the commands whose replies were lost, as far as the room or its close shows what became of them. */
  #settle(state: Stopped): void {
    const { sender } = this.#socket;
    const said = views.positions(this.#view, this.#says);
    const entries = sender.entries;
    for (const entry of entries) {
      const made_at = entry.command.op === "move" ? this.#moves.position(entry.key, entries) : said.get(entry.key);
      const known = outcome(entry, state, this.#view, made_at);
      if (known !== null) sender.settle(entry.key, known);
    }
  }
}
