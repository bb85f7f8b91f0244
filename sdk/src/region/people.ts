// Other players: follows, blocks, presence and reports.

import type { CallOptions } from "../events/abort.ts";
import { path } from "../http/http.ts";
import { random_key } from "../wire/frames.ts";
import type { Block, BlockList, Follow, FollowList, NewReport, PresenceList, PresenceSettings, ReportReceipt } from "../wire/region.ts";
import type { PlayerPresence } from "../wire/wire.ts";
import { all, query } from "./api.ts";
import type { Api } from "./api.ts";

/** The player's relations to other players. */
export class People {
  readonly #api: Api;

  constructor(matchpoint: Api) {
    this.#api = matchpoint;
  }

  /** Iterates over the players that the player follows. Mutual followers see each other's presence. */
  follows({ signal }: CallOptions = {}): AsyncGenerator<Follow> {
    return all(async (cursor) => {
      const { follows: items, cursor: next } = await this.#api.region<FollowList>(`/v1/follows${query({ cursor })}`, { signal });
      return { items, cursor: next ?? null };
    });
  }

  /** Follows a player. Idempotent. */
  async follow(player: string, options?: CallOptions): Promise<void> {
    await this.#put("PUT", "/v1/follows/", player, options);
  }

  /** Stops following a player. Idempotent. */
  async unfollow(player: string, options?: CallOptions): Promise<void> {
    await this.#put("DELETE", "/v1/follows/", player, options);
  }

  /** Iterates over the players that the player blocks. */
  blocks({ signal }: CallOptions = {}): AsyncGenerator<Block> {
    return all(async (cursor) => {
      const { blocks: items, cursor: next } = await this.#api.region<BlockList>(`/v1/blocks${query({ cursor })}`, { signal });
      return { items, cursor: next ?? null };
    });
  }

  /** Blocks a player: the two are never matched, and see nothing of each other's presence. Idempotent. */
  async block(player: string, options?: CallOptions): Promise<void> {
    await this.#put("PUT", "/v1/blocks/", player, options);
  }

  /** Removes a block. Idempotent. */
  async unblock(player: string, options?: CallOptions): Promise<void> {
    await this.#put("DELETE", "/v1/blocks/", player, options);
  }

  /** Returns the presence of mutual followers now; `matchpoint.open_me()` has it as it changes. */
  async presence(players: readonly string[], { signal }: CallOptions = {}): Promise<PlayerPresence[]> {
    return (await this.#api.edge<PresenceList>(`/v1/presence${query({ players: players.join() })}`, { signal })).players;
  }

  /** Returns whether the player appears offline to all others. */
  async is_hidden({ signal }: CallOptions = {}): Promise<boolean> {
    return (await this.#api.region<PresenceSettings>("/v1/presence/me", { signal })).hidden;
  }

  /** Hides or shows the player's presence. */
  async hide(hidden = true, { signal }: CallOptions = {}): Promise<void> {
    await this.#api.region("/v1/presence/me", { method: "PUT", body: { hidden } satisfies PresenceSettings, signal });
  }

  /** Reports a player to the moderators, without evidence; `room.report` attaches the events of a room. */
  report(report: NewReport, { signal }: CallOptions = {}): Promise<ReportReceipt> {
    return this.#api.region("/v1/reports", { method: "POST", body: report, headers: { "idempotency-key": random_key() }, signal });
  }

  async #put(method: "PUT" | "DELETE", before: string, player: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#api.region(path(before, player), { method, signal });
  }
}
