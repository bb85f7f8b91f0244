// The player's own account: its logins, its ban, and its data.

import type { CallOptions } from "../events/abort.ts";
import { HttpProblem, path } from "../http/http.ts";
import { random_key } from "../wire/frames.ts";
import type { Ban, DeletedAccount, Export, Login, LoginList } from "../wire/region.ts";
import type { Json } from "../wire/wire.ts";
import { all, query } from "./api.ts";
import type { Api } from "./api.ts";

/** The account of the signed-in player. */
export class Account {
  readonly #api: Api;

  constructor(matchpoint: Api) {
    this.#api = matchpoint;
  }

  /** Returns the player's logins, newest first: each is a device that is signed in. */
  async logins({ signal }: CallOptions = {}): Promise<Login[]> {
    return (await this.#api.region<LoginList>("/v1/sessions", { signal })).sessions;
  }

  /** Ends a login: that device is signed out, and its connections close. */
  async end_login(sid: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#api.region(path("/v1/sessions/", sid), { method: "DELETE", signal });
  }

  /** Ends all logins but this one. */
  async end_other_logins({ signal }: CallOptions = {}): Promise<void> {
    await this.#api.region("/v1/sessions?except=current", { method: "DELETE", signal });
  }

  /** Returns the player's active ban, if any. */
  async ban({ signal }: CallOptions = {}): Promise<Ban | null> {
    try {
      return await this.#api.region<Ban>("/v1/bans/me", { signal });
    } catch (error) {
      if (error instanceof HttpProblem && error.code === "not_banned") return null;
      throw error;
    }
  }

  /** Appeals the active ban, once per ban. */
  appeal(text: string, { signal }: CallOptions = {}): Promise<Ban> {
    return this.#api.region("/v1/bans/me/appeal", { method: "POST", body: { text }, headers: { "idempotency-key": random_key() }, signal });
  }

  /** Iterates over everything that the region stores about the player. */
  export({ signal }: CallOptions = {}): AsyncGenerator<Json> {
    return all((cursor) => this.#api.region<Export>(`/v1/profiles/me/export${query({ cursor })}`, { signal }));
  }

  /** Deletes the account and all its data. All sessions end. */
  delete({ signal }: CallOptions = {}): Promise<DeletedAccount> {
    return this.#api.region("/v1/profiles/me", { method: "DELETE", signal });
  }
}
