// The connection to a room: commands, and a view of its members, messages, board and match.

import { Connected } from "../connection/connected.ts";
import type { Entry, Sent } from "../connection/outbox.ts";
import type { Stopped } from "../connection/socket.ts";
import type { CallOptions } from "../events/abort.ts";
import { iterate } from "../events/queue.ts";
import type { Store } from "../events/store.ts";
import type { Session } from "../session/session.ts";
import { is_welcome, random_key } from "../wire/frames.ts";
import { ROOM_KEYED } from "../wire/wire.ts";
import type { Event, Json, Member, PhaseName, ReportBody, RoomCommand, Welcome } from "../wire/wire.ts";
import type { Board, Part, RoomEvent, RoomEvents, RoomTypes } from "./events.ts";
import { outcome } from "./outcome.ts";
import { Predictions } from "./predictions.ts";
import type { Predictor } from "./predictions.ts";
import { SentMoves } from "./sent_moves.ts";
import * as views from "./view.ts";
import type { PendingMessage, SentMessage, View } from "./view.ts";

/** Events that concern the connection alone. */
const SILENT: readonly string[] = ["skip", "durable", "resync"];

/** The result of a command that makes an event: its position in the log. */
export type Accepted = { at: number };

/**
 * Options of a command. With `durable` its promise settles once the command is on disk, instead of once it is ordered and sent to
 * all members. The signal ends the waiting; a command that was sent before may still be executed.
 */
export type CommandOptions = CallOptions & { durable?: boolean };

/** Options of an opening. */
export type RoomOptions = {
  /** The view that an earlier page had of the same room: the connection resumes from there. */
  view?: View | null;
  /** Opens as a spectator, even where a seat is free. */
  watch?: boolean;
};

/**
 * One player's connection to a room. It opens at once and reconnects after every loss, until the room has ended or
 * `close` is called. `T` are the application's types, and those of the room's mode.
 *
 *     const room = await matchpoint.room<{ said: { text: string } }>("m_7");
 *     room.on("said", ({ by, body }) => console.log(by, body.text));
 *     const { at } = await room.say({ text: "hello" });     // accepted: ordered, and sent to all members
 */
export class Room<T extends RoomTypes = object> extends Connected<RoomEvents<T>> {
  readonly id: string;
  /** The match as this player may see it, with the moves that `predict_with` foretells; `null` before it starts, and without a mode. */
  readonly state: Store<Part<T, "state"> | null>;
  readonly members: Store<readonly Member[]>;
  readonly board: Store<Board<Part<T, "board">>>;
  readonly phase: Store<PhaseName>;
  /** Messages of this client without a log position yet, oldest first. */
  readonly unsent: Store<readonly PendingMessage[]>;
  #view: View;
  #unsent: readonly PendingMessage[] = [];
  #moves = new SentMoves();
  #predictions = new Predictions();
  /** For each message of this client: the last position seen when it was sent. */
  #position_when_said = new Map<string, number>();

  /** `url` is the room's address at the edge, such as `wss://edge.example/v1/rooms/m_7`. */
  constructor(url: string, id: string, session: Session, { view = null, watch = false }: RoomOptions = {}) {
    const start = view ? views.restored(view) : views.empty();
    super({ url, keyed_ops: ROOM_KEYED, position: start.position, watches: watch }, session);
    this.id = id;
    this.#view = start;
    this.state = this._store(() => this.#predictions.state(this.#view, Date.now() + this.skew_ms) as Part<T, "state"> | null);
    this.members = this.select((now) => now.members);
    this.board = this.select((now) => now.board as Board<Part<T, "board">>);
    this.phase = this.select((now) => now.phase);
    this.unsent = this._store(() => this.#list_unsent());
  }

  /** Iterates over the events from now on, until the connection is closed for good. */
  events({ signal }: CallOptions = {}): AsyncIterableIterator<RoomEvent<T>> {
    const listen = (push: (event: RoomEvent<T>) => void, end: () => void) => {
      const offs = [this.on("event", push), this.on("changed", () => this.connection.get().is === "stopped" && end())];
      return () => offs.forEach((off) => off());
    };
    return iterate({ listen, signal });
  }

  /** Returns a store of a part of the view, such as `room.select((view) => view.durable)`. */
  select<S>(read: (view: View) => S): Store<S> {
    return this._store(() => read(this.#view));
  }

  /** The room as this player sees it: plain data, never changed in place, which a page may save across a reload. */
  get view(): View {
    return this.#view;
  }

  /** Shows moves at once, by the rules that this predictor knows; `null` shows them when the room answers. */
  predict_with(predictor: Predictor | null): void {
    this.#predictions.use(predictor);
    this._changed();
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

  /**
   * Sends a message to all members; resolves with its log position once it is accepted, and its `durable` once it is on disk. Any
   * number may be sent at once: they arrive in order, at the pace that the room allows. Throws `Refused`, or
   * `ConnectionClosed` if the room closed before the reply.
   */
  say(body: Part<T, "said">, options?: CommandOptions): Sent<Accepted> {
    const key = random_key();
    this.#position_when_said.set(key, this.#view.position.at);
    return this.#send({ op: "say", key, body: body as Json }, options);
  }

  /**
   * Makes a move in the match; resolves with its log position. It is repeated after a reconnect and executed once. With
   * `if_at` it is executed only if the match has not changed after that position: `room.view.position.at` when the player
   * decided. Throws `Refused` with `illegal`, `not_your_turn` or `too_late`, and the mode's own word in `why`; with `conflict`
   * at once if the match has changed; and `ConnectionClosed` if the room closed and the events do not show what became of it.
   */
  move(body: Part<T, "move">, { if_at, ...options }: CommandOptions & { if_at?: number } = {}): Sent<Accepted> {
    const key = random_key();
    this.#moves.sent(key, this.#view.position.at);
    this.#predictions.sent(key, body as Json);
    const settled = (at: number | null) => {
      this.#moves.settled(key, at);
      this.#predictions.answered(key);
    };
    return this.#send({ op: "move", key, body: body as Json, ...(if_at !== undefined && { if_at }) }, options, settled);
  }

  /** Sends an ephemeral message to all members or to one. It is lost without a connection, and never repeated. */
  hint(body: Part<T, "hint">, to?: string): void {
    this._socket.send_once({ op: "hint", body: body as Json, ...(to !== undefined && { to }) });
  }

  /** Sends call negotiation to one member; the room holds it while that member reconnects. */
  signal(to: string, body: Part<T, "signal">, options?: CommandOptions): Sent<Accepted> {
    return this.#send({ op: "signal", to, body: body as Json }, options);
  }

  /**
   * Writes keys of the board; `null` removes one. With `if_at`, only if they were not written or removed after that
   * position: otherwise throws `Refused` with `conflict` at once.
   */
  set(values: { [K in keyof Part<T, "board">]?: Part<T, "board">[K] | null }, { if_at, ...options }: CommandOptions & { if_at?: number } = {}): Sent<Accepted> {
    const keys = values as Record<string, Json>;
    return this.#send({ op: "set", body: { keys, ...(if_at !== undefined && { if_at }) } }, options);
  }

  /** Removes a member from the room. Only the owner may. */
  kick(player: string, options?: CommandOptions): Sent<Accepted> {
    return this.#send({ op: "kick", to: player }, options);
  }

  /** Reports a member to the moderators, with the last events of the room. The members are not told. */
  async report(player: string, body: ReportBody, options?: CommandOptions): Promise<{ report: string }> {
    const { report } = await this.#send({ op: "report", to: player, key: random_key(), body }, options);
    return { report: String(report) };
  }

  /** Vacates the seat. The other members stay. */
  async leave(options?: CommandOptions): Promise<void> {
    await this.#send({ op: "leave" }, options);
    this.close();
  }

  /**
   * Ends the room for all members, with a result. Where all must agree, it states this player's result, and a later one
   * replaces it; the room ends once all members have stated the same. Throws `Refused` with `room_over` if it had ended before, and
   * with `forbidden` where a mode ends the room.
   */
  async end(result: Json = null, options?: CommandOptions): Promise<void> {
    await this.#send({ op: "end", body: result }, options);
  }

  /** Applies the messages of a frame. @internal */
  protected _on_messages(messages: (Welcome | Event)[]): void {
    for (const message of messages) {
      if (is_welcome(message)) {
        this.#moves.welcome(this.#view, message);
        this.#view = views.welcome(this.#view, message);
        if (message.snapshot) this.#emit({ ev: "snapshot", at: message.snapshot.at, view: this.#view });
        continue;
      }
      this.#view = views.fold(this.#view, message);
      this.#moves.event(message, this.#view.you);
      if (message.ev === "moved" && message.by === this.#view.you) this.#predictions.made();
      // The wire tells the change of the state; an application receives the state.
      if (message.ev === "moved") this.#emit({ ...message, state: this.#view.state });
      else if (!SILENT.includes(message.ev)) this.#emit(message);
    }
  }

  /**
   * Settles the commands whose replies were lost, as far as the room or its close shows what became of them.
   *
   * @internal
   */
  protected override _on_stop(state: Stopped): void {
    const { outbox } = this._socket;
    const said = views.positions(this.#view, this.#says);
    const { entries } = outbox;
    for (const entry of entries) {
      const made_at = entry.command.op === "move" ? this.#moves.position(entry.key, entries) : said.get(entry.key);
      const known = outcome(entry, state, this.#view, made_at);
      if (known !== null) outbox.settle(entry, known);
    }
  }

  #send<R extends { report?: Json }>(command: RoomCommand, { signal, durable }: CommandOptions = {}, settled = (_at: number | null) => {}): Sent<Accepted & R> {
    const sent = this._socket.send({ ...command, ...(durable && { ack: "durable" }) } as RoomCommand, signal) as unknown as Sent<Accepted & R>;
    const done = (at: number | null) => {
      settled(at);
      this._changed();
    };
    sent.then(({ at }) => done(at), () => done(null));
    this._changed();
    return sent;
  }

  /** Returns the unsent messages: the same reference until they change. */
  #list_unsent(): readonly PendingMessage[] {
    const fresh = views.unsent(this.#view, this.#says);
    const same = fresh.length === this.#unsent.length && fresh.every(({ key }, index) => key === this.#unsent[index]?.key);
    return same ? this.#unsent : (this.#unsent = fresh);
  }

  /** The messages of this client that are not durable yet. Forgets the positions of the others. */
  get #says(): SentMessage[] {
    const says = this._socket.outbox.entries.filter((entry) => entry.command.op === "say");
    const kept = says.map((entry): [Entry, number] => [entry, this.#position_when_said.get(entry.key) ?? 0]);
    this.#position_when_said = new Map(kept.map(([{ key }, after]) => [key, after]));
    return kept.map(([entry, after]) => ({ entry, after }));
  }

  #emit(event: { ev: string; [more: string]: unknown }): void {
    this._emitter.emit(event.ev as RoomEvent["ev"], event as never);
    this._emitter.emit("event", event as RoomEvent<T>);
  }
}
