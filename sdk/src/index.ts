// The Matchpoint SDK for browsers: sessions, lobbies, rooms, presence and match history.

import { Lobby } from "./lobby/lobby.ts";
import type { LobbyHandlers, Criteria } from "./lobby/lobby.ts";
import { Me } from "./me/me.ts";
import type { MeHandlers } from "./me/me.ts";
import type { Mode } from "./room/modes.ts";
import { Room } from "./room/room.ts";
import type { AnyMode, RoomHandlers } from "./room/room.ts";
import { read, request } from "./region/http.ts";
import { tab_storage } from "./session/login_store.ts";
import type { SessionStore } from "./session/login_store.ts";
import { Session } from "./session/session.ts";
import type { View } from "./room/view.ts";
import { random_key } from "./wire/frames.ts";
import type { EndReason, Json, Outcome } from "./wire/wire.ts";

export { HttpProblem } from "./region/http.ts";
export { SessionLost } from "./session/session.ts";
export { Refused, random_key } from "./wire/frames.ts";
export { ConnectionClosed } from "./connection/sender.ts";
export type { SessionStore } from "./session/login_store.ts";
export type { Session } from "./session/session.ts";
export type { Criteria, Lobby, LobbyHandlers, QueueState } from "./lobby/lobby.ts";
export type { Me, MeHandlers, PresenceAt } from "./me/me.ts";
export type { Arena, ClockState, ConnectFour, Ending, GoFish, Hand, MatchEvent, Mode, RockPaperScissors, SeatIndex } from "./room/modes.ts";
export type { Room, RoomHandlers, WaitFor } from "./room/room.ts";
export type { PredictedFault, Prediction, Predictor } from "./room/predictions.ts";
export type { PendingMessage, View } from "./room/view.ts";
export type { ConnectionState } from "./connection/socket.ts";
export type { Device, Ended, Json, Member, MemberState, Notice, Outcome, Party, Refusal, RoomEvent, Why } from "./wire/wire.ts";

/** A match of the history. Times are RFC 3339. */
export type PastMatch = {
  match: string;
  pool: string | null;
  /** All players with a seat, including this one. `came`: ever connected. `gone`: the account was deleted, the name is empty. */
  players: { player: string; name: string; came: boolean; gone?: boolean }[];
  started: string;
  ended: string;
  reason: EndReason;
  by: string | null;
  result: Json;
  /** The mode that decided the match, such as `connect-four@1`; none for a match without one. */
  mode?: string;
  /** The outcome that the mode decided: its ranks are in the order of `players`. */
  outcome?: Outcome;
};

/** A player that this player follows. Mutual followers see each other's presence. */
export type Follow = { player: string; since: string; mutual: boolean };

export type MatchPage = { matches: PastMatch[]; cursor: string | null };

/** The rules of a pool that a client needs before it enters. */
export type PoolRules = {
  /** Players in a match. */
  seats: number;
  /** The number of teams, if there are any. */
  teams: number | null;
  /** The largest party; 1 means that parties are disabled. */
  party: number;
  /** The time to accept a proposed match, in seconds; `null` if matches start without a proposal. */
  propose_s: number | null;
  /** The number of shards of the queue. */
  parts: number;
  /** The mode of the pool's rooms, such as `connect-four@1`; `null` where they have none. */
  mode: string | null;
};

type Config = { region: string; pools: string[]; rules?: Record<string, PoolRules> };

/**
 * A deployment of Matchpoint, as its edge describes it.
 *
 *     const matchpoint = await Matchpoint.at(location.origin);
 *     const session = await matchpoint.guest("Ana");
 *     const lobby = matchpoint.lobby(session, "speed-dating", {}, { changed: () => … });
 */
export class Matchpoint {
  readonly edge: string;
  readonly region: string;
  readonly pools: readonly string[];
  /** The rules of each pool by its name. */
  readonly rules: Readonly<Record<string, PoolRules>>;
  /** Where sessions survive a reload; `null` keeps them in memory only. */
  readonly store: SessionStore | null;

  private constructor(edge: string, { region, pools, rules }: Config, store: SessionStore | null) {
    this.edge = edge;
    this.region = region.replace(/\/$/, "");
    this.pools = pools;
    this.rules = rules ?? {};
    this.store = store;
  }

  /** Reads an edge's configuration: its region and its pools. */
  static async at(edge: string, store: SessionStore | null = tab_storage()): Promise<Matchpoint> {
    return new Matchpoint(edge, await read<Config>(await request(`${edge}/v1/config`)), store);
  }

  /** Opens a session for a guest, if the region allows guests. */
  guest(name: string): Promise<Session> {
    return Session.guest(this.region, name, this.store);
  }

  /** Returns the session that this tab had before a reload, if any. */
  restore(): Session | null {
    return Session.restore(this.region, this.store);
  }

  /**
   * Enters a queue. A page that was reloaded passes the `key` of its ticket and keeps its time in the queue. With
   * `enter_now: false` the client only connects to the lobby, to gather a party, and enters later with `enter()`.
   */
  lobby(
    session: Session,
    pool: string,
    criteria: Criteria,
    handlers: LobbyHandlers,
    { key = random_key(), enter_now = true }: { key?: string; enter_now?: boolean } = {},
  ): Lobby {
    const url = this.#socket_url(`/v1/lobbies/${encodeURIComponent(pool)}`);
    return new Lobby(url, pool, session, criteria, key, handlers, enter_now);
  }

  /**
   * Connects to a room. With the view that an earlier page saved, resumes from there. `M` are the types of the room's mode:
   * `matchpoint.room<ConnectFour>(session, id, {})` types `room.state` and `room.move`.
   */
  room<M extends AnyMode = Mode>(session: Session, id: string, handlers: RoomHandlers<M>, saved: View | null = null): Room<M> {
    return new Room<M>(this.#socket_url(`/v1/rooms/${encodeURIComponent(id)}`), id, session, handlers, saved);
  }

  /** Opens the me socket: presence of followed players, the player's own devices, and notices. */
  me(session: Session, handlers: MeHandlers): Me {
    return new Me(this.#socket_url("/v1/me"), session, handlers);
  }

  /** Returns a page of the player's past matches, newest first. */
  matches(session: Session, cursor: string | null = null): Promise<MatchPage> {
    const more = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    return session.get<MatchPage>(`/v1/matches?player=me${more}`);
  }

  /** Returns all players that this player follows. */
  async follows(session: Session): Promise<Follow[]> {
    const all: Follow[] = [];
    let cursor: string | null = null;
    do {
      const more: string = cursor === null ? "" : `?cursor=${encodeURIComponent(cursor)}`;
      const page = await session.get<{ follows: Follow[]; cursor: string | null }>(`/v1/follows${more}`);
      all.push(...page.follows);
      cursor = page.cursor ?? null;
    } while (cursor !== null);
    return all;
  }

  /** Follows a player, or with `on: false` stops following. Idempotent. */
  async follow(session: Session, player: string, on = true): Promise<void> {
    await session.request(on ? "PUT" : "DELETE", `/v1/follows/${encodeURIComponent(player)}`);
  }

  #socket_url(path: string): string {
    return this.edge.replace(/^http/, "ws") + path;
  }
}
