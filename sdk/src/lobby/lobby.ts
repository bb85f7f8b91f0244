// The lobby of one pool: enter the queue alone or as a party, answer proposals, be matched.

import { Callbacks } from "../events/callbacks.ts";
import { Socket } from "../connection/socket.ts";
import type { ConnectionState } from "../connection/socket.ts";
import type { Session } from "../session/session.ts";
import { ConnectionClosed } from "../connection/sender.ts";
import { fold, queue_stats, party_of } from "./queue_state.ts";
import type { QueueStats, QueueState } from "./queue_state.ts";
import { Refused, is_welcome, random_key } from "../wire/frames.ts";
import { LOBBY_KEYED } from "../wire/wire.ts";
import type { EnterBody, Event, Party, Refusal, Welcome, Why } from "../wire/wire.ts";

export { fold } from "./queue_state.ts";
export type { QueueState } from "./queue_state.ts";

/** The player's attributes, and what they want of the other players. */
export type Criteria = EnterBody;

/** Handlers are called after the client's own work, and may throw: `error` then receives the error. */
export type LobbyHandlers = {
  /** The state, the party or the connection has changed. Called at most once per frame. */
  changed?: () => void;
  /** Another handler has thrown an error, which changed nothing for the lobby. */
  error?: (error: unknown) => void;
};

/**
 * A ticket in one pool. The ticket belongs to the player, not to the connection: entering again with the same key, on a
 * later connection or page, resumes the same ticket with its original time.
 *
 * With `enter_now: false` the player has no ticket until `enter()`, so that a party can gather first.
 */
export class Lobby {
  readonly pool: string;
  #key: string;
  #criteria: Criteria;
  #callbacks: Callbacks<LobbyHandlers>;
  #socket: Socket;
  #state: QueueState;
  #party: Party | null = null;
  /** The statistics of the welcome, used until the first `lobby` event. */
  #initial_stats: Partial<QueueStats> = {};
  /** True while an `enter` has no reply; the sender repeats it on a new connection. */
  #entering = false;
  /** The number of `leave` commands without a reply: a new connection must not enter again before them. */
  #leaving = 0;
  #cooldown_timer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, pool: string, session: Session, criteria: Criteria, key: string, handlers: LobbyHandlers, enter_now = true) {
    this.pool = pool;
    this.#key = key;
    this.#criteria = criteria;
    this.#callbacks = new Callbacks(handlers);
    this.#state = { is: enter_now ? "entering" : "idle" };
    const on_messages = (messages: (Welcome | Event)[]) => this.#on_messages(messages);
    this.#socket = new Socket(url, session, { on_messages, on_state: (connection) => this.#on_state(connection) }, LOBBY_KEYED);
  }

  /** Adds a handler beside those of the constructor; the returned function removes it. */
  on<K extends keyof LobbyHandlers>(name: K, handler: NonNullable<LobbyHandlers[K]>): () => void {
    return this.#callbacks.on(name, handler as never);
  }

  /** The key of the ticket: a reloaded page passes it to keep the ticket. */
  get key(): string {
    return this.#key;
  }

  get state(): QueueState {
    return this.#state;
  }

  /** The player's party, if any. */
  get party(): Party | null {
    return this.#party;
  }

  get connection(): ConnectionState {
    return this.#socket.state;
  }

  /** @deprecated The former name of `connection`. */
  get line(): ConnectionState {
    return this.connection;
  }

  /** @deprecated The former name of `state`. */
  get place(): QueueState {
    return this.#state;
  }

  /** The server's clock minus this device's. */
  get skew_ms(): number {
    return this.#socket.skew_ms;
  }

  /** Asks the lobby why the player still waits. */
  async explain(): Promise<Why> {
    return (await this.#socket.sender.send({ op: "why" })) as unknown as Why;
  }

  /** Enters the queue, with the whole party if the player leads one. A player who is queued stays so. */
  enter(): void {
    if (this.#state.is === "idle" || this.#state.is === "out") {
      // The old ticket is gone, so this must be a new one.
      if (this.#state.is === "out") this.#key = random_key();
      this.#set_state({ is: "entering" });
    }
    void this.#enter();
  }

  /** Accepts the proposed match. A late or repeated call is harmless: an event tells the outcome. */
  accept(): Promise<void> {
    if (this.#state.is === "proposed") this.#set_state({ ...this.#state, accepted: true });
    return this.#reply_to_proposal("accept");
  }

  /** Declines the proposed match: the player leaves the queue and has a cooldown. */
  decline(): Promise<void> {
    return this.#reply_to_proposal("decline");
  }

  /** Creates a party, or returns the current one. Its `party` is the code with which others join. */
  async create_party(): Promise<Party> {
    return this.#set_party((await this.#socket.sender.send({ op: "party", body: this.#ticket_body() })) as unknown as Party);
  }

  /** Joins a party by its code. Refused with `no_party`, `party_full`, or `forbidden` while the party is queued. */
  async join_party(code: string): Promise<Party> {
    const body = { ...this.#ticket_body(), party: code.trim() };
    return this.#set_party((await this.#socket.sender.send({ op: "join", body })) as unknown as Party);
  }

  /** Removes a member from the party. Only the leader may. */
  async remove_member(player: string): Promise<void> {
    const member = this.#has_member(player);
    try {
      await this.#socket.sender.send({ op: "put_out", body: { player } });
    } catch (error) {
      // After a lost reply the command is repeated, and refused because the member is gone.
      const gone = error instanceof Refused && error.refusal.code === "not_found" && member && !this.#has_member(player);
      if (!gone) throw error;
    }
  }

  /** Leaves the queue, or the party if it is not queued. The lobby stays connected. */
  async withdraw(): Promise<void> {
    if (await this.#leave_queue()) return;
    this.#set_state({ is: "idle" });
  }

  /** Withdraws the ticket and disconnects for good. */
  async leave(): Promise<void> {
    await this.#leave_queue();
    this.#end({ is: "out", why: "left" });
    this.#changed();
    this.close();
  }

  /** Cuts the connection as a lost network would; it reconnects by itself. */
  disconnect(away_ms?: number): void {
    this.#socket.disconnect(away_ms);
  }

  /** Disconnects for good. The server keeps the ticket for a while. */
  close(): void {
    clearTimeout(this.#cooldown_timer);
    this.#socket.close();
  }

  /** Leaves the queue; returns true if it was too late because the match is being made. */
  async #leave_queue(): Promise<boolean> {
    this.#leaving += 1;
    try {
      await this.#socket.sender.send({ op: "leave" });
    } catch (error) {
      if (!(error instanceof Refused || error instanceof ConnectionClosed)) throw error;
      const room = error instanceof Refused ? error.refusal.room : undefined;
      if (room !== undefined) this.#set_state({ is: "matched", room, with: [] });
    } finally {
      this.#leaving -= 1;
    }
    return this.#state.is === "matched";
  }

  async #reply_to_proposal(op: "accept" | "decline"): Promise<void> {
    try {
      await this.#socket.sender.send({ op });
    } catch (error) {
      if (!(error instanceof Refused || error instanceof ConnectionClosed)) throw error;
    }
  }

  #on_messages(messages: (Welcome | Event)[]): void {
    for (const message of messages) {
      if (is_welcome(message)) {
        // The count of a welcome without a ticket does not include this player.
        this.#initial_stats = { ...queue_stats(message), waiting: (message.waiting ?? 0) + (message.recovered ? 0 : 1) };
        // If the player is in a party, a `party` event follows.
        this.#party = null;
        void this.#enter();
        continue;
      }
      const party = party_of(message);
      if (party !== undefined) this.#party = party;
      else this.#state = fold(this.#state, message, this.#initial_stats);
    }
    this.#changed();
  }

  async #enter(): Promise<void> {
    const { is } = this.#state;
    if (this.#entering || this.#leaving > 0 || is === "idle" || is === "cooldown" || is === "matched" || is === "out") return;
    this.#entering = true;
    try {
      await this.#socket.sender.send({ op: "enter", key: this.#key, body: this.#ticket_body() });
    } catch (error) {
      if (error instanceof Refused) this.#on_refused(error.refusal);
    } finally {
      this.#entering = false;
    }
  }

  #on_refused(refusal: Refusal): void {
    const { code, room, after_ms } = refusal;
    if (code === "in_match" && room !== undefined) this.#state = { is: "matched", room, with: [] };
    else if (code === "cooldown" && after_ms !== undefined) {
      this.#cooldown_timer = setTimeout(() => {
        if (this.#state.is !== "cooldown") return;
        this.#set_state({ is: "entering" });
        void this.#enter();
      }, after_ms);
      return this.#set_state({ is: "cooldown", until: Date.now() + this.skew_ms + after_ms });
    } else this.#end({ is: "out", why: "refused", refusal });
    this.#changed();
    // A refusal of its leader does not end the party.
    if (this.#party === null) this.close();
  }

  #ticket_body(): EnterBody {
    return { attrs: {}, wants: [], ...this.#criteria };
  }

  #has_member(player: string): boolean {
    return this.#party?.members.some((member) => member.player === player) ?? false;
  }

  #set_party(party: Party): Party {
    this.#party = party;
    this.#changed();
    return party;
  }

  #on_state(connection: ConnectionState): void {
    if (connection.is === "stopped") this.#end({ is: "out", why: "closed" });
    this.#changed();
  }

  #changed(): void {
    this.#callbacks.emit_once("changed");
  }

  #set_state(state: QueueState): void {
    this.#state = state;
    this.#changed();
  }

  #end(out: QueueState & { is: "out" }): void {
    if (this.#state.is !== "matched" && this.#state.is !== "out") this.#state = out;
  }
}
