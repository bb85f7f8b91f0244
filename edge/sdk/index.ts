// Matchpoint for the browser: come in, queue, meet, and look back.

import { Lobby } from "./lobby.ts";
import type { LobbyHandlers, Wish } from "./lobby.ts";
import { Me } from "./me.ts";
import type { MeHandlers } from "./me.ts";
import { Room } from "./room.ts";
import type { RoomHandlers } from "./room.ts";
import { Session, call, read } from "./session.ts";
import type { Store } from "./session.ts";
import type { Ending, View } from "./view.ts";
import { random_key } from "./wire.ts";
import type { Json } from "./wire.ts";

export { HttpProblem, SessionLost } from "./session.ts";
export { Refused, random_key } from "./wire.ts";
export { Stopped } from "./sender.ts";
export type { Session, Store } from "./session.ts";
export type { Lobby, LobbyHandlers, Party, Place as LobbyPlace, Why, Wish } from "./lobby.ts";
export type { Device, Me, MeHandlers, Sight } from "./me.ts";
export type { Room, RoomHandlers } from "./room.ts";
export type { Ending, Unsent, View } from "./view.ts";
export type { Line } from "./socket.ts";
export type { Event, Fault, Json, Member, Presence } from "./wire.ts";

/** A meeting of the past. Times are RFC 3339. */
export type Meeting = {
  match: string;
  pool: string | null;
  /** Everybody who had a seat, oneself among them, and whether they came. Who has left Matchpoint has no name. */
  players: { player: string; name: string; came: boolean; gone?: boolean }[];
  started: string;
  ended: string;
  reason: Ending["reason"];
  by: string | null;
  result: Json;
};

/** Somebody whom one follows. Who follow each other see whether the other is here. */
export type Follow = { player: string; since: string; mutual: boolean };

export type Meetings = { matches: Meeting[]; cursor: string | null };

/** What one has to know of a pool before one enters. */
export type PoolRules = {
  /** People a match. */
  seats: number;
  /** Into how many teams they are divided. */
  teams: number | null;
  /** People a party, at most; 1: nobody comes in company. */
  party: number;
  /** Everybody is asked first, and has so long to answer. */
  propose_s: number | null;
  /** Among how many objects the queue is divided. */
  parts: number;
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
  /** By the pool's name. */
  readonly rules: Readonly<Record<string, PoolRules>>;
  /** Where sessions are kept across a reload; `null` keeps them in memory alone. */
  readonly store: Store | null;

  private constructor(edge: string, { region, pools, rules }: Config, store: Store | null) {
    this.edge = edge;
    this.region = region.replace(/\/$/, "");
    this.pools = pools;
    this.rules = rules ?? {};
    this.store = store;
  }

  /** Asks an edge which region it works with, and which pools it has. */
  static async at(edge: string, store: Store | null = globalThis.sessionStorage ?? null): Promise<Matchpoint> {
    return new Matchpoint(edge, await read<Config>(await call(`${edge}/v1/config`)), store);
  }

  /** A new session for a guest, where the region allows guests. */
  guest(name: string): Promise<Session> {
    return Session.guest(this.region, name, this.store);
  }

  /** The session this tab had before a reload. */
  restore(): Session | null {
    return Session.restore(this.region, this.store);
  }

  /**
   * Enters a queue. A page that was reloaded gives the `key` of its ticket, and has its place back. With
   * `at_once: false` one only comes into the lobby, to gather a party, and enters with `enter()`.
   */
  lobby(
    session: Session,
    pool: string,
    wish: Wish,
    handlers: LobbyHandlers,
    { key = random_key(), at_once = true }: { key?: string; at_once?: boolean } = {},
  ): Lobby {
    const url = this.#socket_url(`/v1/lobbies/${encodeURIComponent(pool)}`);
    return new Lobby(url, pool, session, wish, key, handlers, at_once);
  }

  /** Goes into a room; with the view an earlier page had of it, from where that left off. */
  room(session: Session, id: string, handlers: RoomHandlers, saved: View | null = null): Room {
    return new Room(this.#socket_url(`/v1/rooms/${encodeURIComponent(id)}`), id, session, handlers, saved);
  }

  /** Opens a line of one's own: who of those one follows is here, and what is said of oneself. */
  me(session: Session, handlers: MeHandlers): Me {
    return new Me(this.#socket_url("/v1/me"), session, handlers);
  }

  /** Past meetings, newest first, a page at a time. */
  meetings(session: Session, cursor: string | null = null): Promise<Meetings> {
    const more = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    return session.get<Meetings>(`/v1/matches?player=me${more}`);
  }

  /** Whom one follows: all of them, a page at a time from the region. */
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

  /** Follows somebody, or no more. Either may be said twice. */
  async follow(session: Session, player: string, on = true): Promise<void> {
    await session.ask(on ? "PUT" : "DELETE", `/v1/follows/${encodeURIComponent(player)}`);
  }

  #socket_url(path: string): string {
    return this.edge.replace(/^http/, "ws") + path;
  }
}
