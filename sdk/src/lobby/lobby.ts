// The lobby of one pool: enter the queue alone or as a party, answer proposals, be matched.

import { ConnectionClosed } from "../connection/closed.ts";
import { Connected } from "../connection/connected.ts";
import type { Stopped } from "../connection/socket.ts";
import type { CallOptions } from "../events/abort.ts";
import type { Store } from "../events/store.ts";
import type { Session } from "../session/session.ts";
import { is_welcome, random_key } from "../wire/frames.ts";
import { Refused } from "../wire/refused.ts";
import { LOBBY_KEYED } from "../wire/wire.ts";
import type { EnterBody, Event, LobbyCommand, Party, Welcome, Why } from "../wire/wire.ts";
import type { Attrs, Criteria } from "./criteria.ts";
import { fold, queue_stats, party_of } from "./queue_state.ts";
import type { QueueStats, QueueState } from "./queue_state.ts";

/** The events of a lobby, for `lobby.on`. */
export type LobbyEvents = {
  /** The state, the party or the connection has changed. Emitted at most once per frame. */
  changed: undefined;
  /** Another handler has thrown this error, which changed nothing for the lobby. */
  error: unknown;
};

/**
 * Options of a lobby. A page that was reloaded passes the `key` of its ticket and keeps its time in the queue. With
 * `enter_now: false` the client only connects, to gather a party, and enters later with `enter()`.
 */
export type LobbyOptions = { key?: string; enter_now?: boolean };

/** The states in which a new connection says again that the ticket is wanted. */
const ENTERS: readonly string[] = ["entering", "queued", "proposed"];

/**
 * A ticket in one pool. The ticket belongs to the player, not to the connection: entering again with the same key, on a
 * later connection or page, resumes the same ticket with its original time.
 *
 * With `enter_now: false` the player has no ticket until `enter()`, so that a party can gather first. `A` are the attributes of
 * the pool's players.
 */
export class Lobby<A extends Attrs = Attrs> extends Connected<LobbyEvents> {
  readonly pool: string;
  readonly state: Store<QueueState>;
  /** The player's party, if any. */
  readonly party: Store<Party | null>;
  #key: string;
  #criteria: Criteria<A>;
  #state: QueueState;
  #party: Party | null = null;
  /** The statistics of the welcome, used until the first `lobby` event. */
  #initial_stats: Partial<QueueStats> = {};
  /** True while an `enter` has no reply; the sender repeats it on a new connection. */
  #entering = false;
  /** The number of `leave` commands without a reply: a new connection must not enter again before them. */
  #leaving = 0;
  #cooldown_timer: ReturnType<typeof setTimeout> | undefined;

  /** `url` is the lobby's address at the edge, such as `wss://edge.example/v1/lobbies/ranked`. */
  constructor(url: string, pool: string, session: Session, criteria: Criteria<A> = {}, { key = random_key(), enter_now = true }: LobbyOptions = {}) {
    super({ url, keyed_ops: LOBBY_KEYED }, session);
    this.pool = pool;
    this.#key = key;
    this.#criteria = criteria;
    this.#state = { is: enter_now ? "entering" : "idle" };
    this.state = this._store(() => this.#state);
    this.party = this._store(() => this.#party);
  }

  /** The key of the ticket: a reloaded page passes it to keep the ticket. */
  get key(): string {
    return this.#key;
  }

  /** Asks the lobby why the player still waits. */
  why({ signal }: CallOptions = {}): Promise<Why> {
    return this.#send<Why>({ op: "why" }, signal);
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
  accept(options?: CallOptions): Promise<void> {
    if (this.#state.is === "proposed") this.#set_state({ ...this.#state, accepted: true });
    return this.#reply_to_proposal("accept", options);
  }

  /** Declines the proposed match: the player leaves the queue and has a cooldown. */
  decline(options?: CallOptions): Promise<void> {
    return this.#reply_to_proposal("decline", options);
  }

  /** Creates a party, or returns the current one. Its `party` is the code with which others join. */
  create_party({ signal }: CallOptions = {}): Promise<Party> {
    return this.#gather({ op: "party", body: this.#ticket_body() }, signal);
  }

  /** Joins a party by its code. Refused with `no_party`, `party_full`, or `forbidden` while the party is queued. */
  join_party(code: string, { signal }: CallOptions = {}): Promise<Party> {
    return this.#gather({ op: "join", body: { ...this.#ticket_body(), party: code.trim() } }, signal);
  }

  /** Removes a member from the party. Only the leader may. */
  async remove_member(player: string, { signal }: CallOptions = {}): Promise<void> {
    const member = this.#has_member(player);
    try {
      await this.#send({ op: "put_out", body: { player } }, signal);
    } catch (error) {
      // After a lost reply the command is repeated, and refused because the member is gone.
      const gone = error instanceof Refused && error.code === "not_found" && member && !this.#has_member(player);
      if (!gone) throw error;
    }
  }

  /** Leaves the queue, or the party if it is not queued. The lobby stays connected. */
  async withdraw({ signal }: CallOptions = {}): Promise<void> {
    if (await this.#leave_queue(signal)) return;
    this.#set_state({ is: "idle" });
  }

  /** Withdraws the ticket and disconnects for good. */
  async leave({ signal }: CallOptions = {}): Promise<void> {
    await this.#leave_queue(signal);
    this.#end({ is: "out", why: "left" });
    this._changed();
    this.close();
  }

  /** Disconnects for good. The server keeps the ticket for a while. */
  override close(): void {
    clearTimeout(this.#cooldown_timer);
    super.close();
  }

  /** Applies the messages of a frame. @internal */
  protected _on_messages(messages: (Welcome | Event)[]): void {
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
  }

  /** Ends the wait with the connection. @internal */
  protected override _on_stop(_state: Stopped): void {
    this.#end({ is: "out", why: "closed" });
  }

  /** Leaves the queue; returns true if it was too late because the match is being made. */
  async #leave_queue(signal: AbortSignal | undefined): Promise<boolean> {
    this.#leaving += 1;
    try {
      await this.#send({ op: "leave" }, signal);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof ConnectionClosed)) throw error;
      const room = error instanceof Refused ? error.room : undefined;
      if (room !== undefined) this.#set_state({ is: "matched", room, with: [] });
    } finally {
      this.#leaving -= 1;
    }
    return this.#state.is === "matched";
  }

  async #reply_to_proposal(op: "accept" | "decline", { signal }: CallOptions = {}): Promise<void> {
    try {
      await this.#send({ op }, signal);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof ConnectionClosed)) throw error;
    }
  }

  async #enter(): Promise<void> {
    if (this.#entering || this.#leaving > 0 || !ENTERS.includes(this.#state.is)) return;
    this.#entering = true;
    try {
      await this.#send({ op: "enter", key: this.#key, body: this.#ticket_body() });
    } catch (error) {
      if (error instanceof Refused) this.#on_refused(error);
    } finally {
      this.#entering = false;
    }
  }

  #on_refused(refusal: Refused): void {
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
    this._changed();
    // A refusal of its leader does not end the party.
    if (this.#party === null) this.close();
  }

  #send<R>(command: LobbyCommand, signal?: AbortSignal): Promise<R> {
    return this._socket.send(command, signal) as unknown as Promise<R>;
  }

  #ticket_body(): EnterBody {
    return { attrs: {}, wants: [], ...(this.#criteria as EnterBody) };
  }

  #has_member(player: string): boolean {
    return this.#party?.members.some((member) => member.player === player) ?? false;
  }

  async #gather(command: LobbyCommand, signal: AbortSignal | undefined): Promise<Party> {
    this.#party = await this.#send<Party>(command, signal);
    this._changed();
    return this.#party;
  }

  #set_state(state: QueueState): void {
    this.#state = state;
    this._changed();
  }

  #end(out: QueueState & { is: "out" }): void {
    if (this.#state.is !== "matched" && this.#state.is !== "out") this.#state = out;
  }
}
