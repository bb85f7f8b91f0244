// The tokens of a login at the region: their renewal before they expire, shared by all tabs that hold the login.

import { monotonic } from "../connection/clock.ts";
import { HttpProblem, read, send } from "../http/http.ts";
import type { HttpRequest, Platform } from "../http/http.ts";
import { random_key } from "../wire/frames.ts";
import { LoginStore } from "./login_store.ts";
import type { SessionStore, StoredSession } from "./login_store.ts";
import { SessionLost, TokenSource, due_at, renew_at } from "./tokens.ts";

/** Where sessions belong: the region's address, the store that survives a reload, and the functions of the platform. */
export type SessionPlace = { region: string; store: SessionStore | null; platform: Platform };

/** The region's response to a login or a refresh. `expires_in` is in seconds. */
export type TokenGrant = { player?: string; sid?: string; access_token: string; expires_in: number; refresh_token: string };

/** The timeout of one request to renew, and the number of requests until the renewal fails. A later renewal continues it. */
const REFRESH_TIMEOUT_MS = 4_000;
const REFRESH_REQUESTS = 2;

/** The tokens of one login. */
export class LoginTokens extends TokenSource {
  readonly #place: SessionPlace;
  readonly #store: LoginStore;
  #stored!: StoredSession;
  /** When the token is due by a clock that never jumps. The device's clock alone may be set by days, in both directions. */
  #due_at = 0;

  constructor(place: SessionPlace, stored: StoredSession) {
    super();
    this.#place = place;
    this.#store = new LoginStore(place.store);
    this.#keep(stored);
  }

  /** Deletes the session from this device's storage. */
  override forget(): void {
    this.#store.forget(this.#stored);
  }

  protected newest(): string {
    return this.#stored.access;
  }

  protected left_ms(): number {
    return Math.min(this.#stored.renew_at - Date.now(), this.#due_at - monotonic());
  }

  /** A refresh token is valid once, and presenting it again later revokes the session. */
  protected fetch(): Promise<string> {
    return this.#store.exclusively(this.#stored, async () => {
      // Another tab may have renewed the login while this one waited or slept.
      const { refresh } = this.#stored;
      const newest = this.#store.newest(this.#stored);
      if (newest !== this.#stored) this.#keep(newest);
      if (newest.refresh !== refresh && this.left_ms() > 0) return newest.access;
      this.#keep(granted(this.#stored, await this.#refresh(this.#begin_attempt())));
      return this.#stored.access;
    });
  }

  /**
   * Returns the key of the renewal that is under way, or of a new one. The region repeats the answer to the same token and
   * key until the next token is used, so the key is stored before it is sent: a lost answer, time offline or a reload do not
   * end the login.
   */
  #begin_attempt(): string {
    const attempt = this.#stored.attempt ?? random_key();
    this.#store.save((this.#stored = { ...this.#stored, attempt }));
    return attempt;
  }

  /** Presents the refresh token. An answer may be lost, so a second request follows at once. */
  async #refresh(key: string): Promise<TokenGrant> {
    if (this.#stored.refresh === "") throw this.#lost("no_refresh_token");
    const { region, platform } = this.#place;
    const body = { refresh_token: this.#stored.refresh };
    const request: HttpRequest = { method: "POST", headers: { "idempotency-key": key }, body, timeout_ms: REFRESH_TIMEOUT_MS };
    for (let sent_count = 1; ; sent_count += 1) {
      try {
        return await read<TokenGrant>(await send(platform, `${region}/v1/sessions/refresh`, request));
      } catch (error) {
        if (error instanceof HttpProblem && is_final(error)) throw this.#lost(error.code);
        if (sent_count === REFRESH_REQUESTS) throw error;
      }
    }
  }

  #lost(why: string): SessionLost {
    this.forget();
    return new SessionLost(why);
  }

  #keep(stored: StoredSession): void {
    this.#stored = stored;
    this.#due_at = due_at(stored.renew_at);
    this.#store.save(stored);
  }
}

/** Returns a login with the tokens of a grant. A portal or a proxy may answer 200 with something else, which is an error. */
export function granted(before: Partial<StoredSession> & { name: string }, grant: TokenGrant | null): StoredSession {
  const { player = before.player ?? "", sid = before.sid, access_token: access, refresh_token: refresh, expires_in } = grant ?? ({} as Partial<TokenGrant>);
  if (typeof access !== "string" || typeof refresh !== "string" || !Number.isFinite(expires_in)) throw new TypeError("The answer is not one of the region.");
  return { player, name: before.name, access, refresh, renew_at: renew_at(expires_in as number), ...(sid !== undefined && { sid }), renewals: (before.renewals ?? -1) + 1 };
}

/** Returns whether the region itself has refused the session. A status without its code may come from any proxy. */
function is_final({ status, code }: HttpProblem): boolean {
  return [400, 401, 403].includes(status) && code !== "unknown";
}
