// The records of finished matches: the player's history, ratings and leaderboards.

import type { CallOptions } from "../events/abort.ts";
import { path } from "../http/http.ts";
import type { Leaderboard, LeaderboardPosition, MatchList, PoolRating, RatingList } from "../wire/region.ts";
import { query } from "./api.ts";
import type { Api, PageOptions } from "./api.ts";

/** A filter of the history. Times are RFC 3339. */
export type MatchOptions = PageOptions & { pool?: string; from?: string; to?: string };

/** Past matches, ratings and leaderboards. */
export class Records {
  readonly #api: Api;

  constructor(matchpoint: Api) {
    this.#api = matchpoint;
  }

  /** Returns a page of the player's past matches, newest first. */
  matches({ signal, ...filter }: MatchOptions = {}): Promise<MatchList> {
    return this.#api.region(`/v1/matches${query({ player: "me", ...filter })}`, { signal });
  }

  /** Returns the ratings of a player; those of the player's own pools by default. */
  async ratings(player = "me", { signal }: CallOptions = {}): Promise<PoolRating[]> {
    return (await this.#api.region<RatingList>(path("/v1/profiles/", player, "/ratings"), { signal })).ratings;
  }

  /** Returns the best players of a pool. */
  leaderboard(pool: string, { signal }: CallOptions = {}): Promise<Leaderboard> {
    return this.#api.region(path("/v1/leaderboards/", pool), { signal });
  }

  /** Returns the player's rank in a pool, and the entries around it. */
  position(pool: string, { signal }: CallOptions = {}): Promise<LeaderboardPosition> {
    return this.#api.region(path("/v1/leaderboards/", pool, "/me"), { signal });
  }
}
