// The tokens of a login at the region: their renewal before they expire, shared by all tabs that hold the login.

import { monotonic } from "../connection/clock.ts";
import { HttpProblem, read, send } from "../http/http.ts";
import type { HttpRequest, Platform } from "../http/http.ts";
import { random_key } from "../wire/frames.ts";
import { LoginStore } from "./login_store.ts";
import type { SessionStore, StoredSession } from "./login_store.ts";
import { LOOK_AGAIN_MS, SessionLost, renew_at } from "./tokens.ts";
import type { TokenSource } from "./tokens.ts";

/** The region's response to a login or a refresh. `expires_in` is in seconds. */
export type TokenGrant = { player?: string; sid?: string; access_token: string; expires_in: number; refresh_token: string };

/** The timeout of one request to renew, and the number of requests until the renewal fails. A later renewal continues it. */
const REFRESH_TIMEOUT_MS = 4_000;
const REFRESH_REQUESTS = 2;

/** The tokens of one login. */
export class LoginTokens implements TokenSource {
  readonly #region: string;
  readonly #platform: Platform;
  #stored: StoredSession;
  #store: LoginStore;
  /** When the token is due by a clock that never jumps. The device's clock alone may be set by days, in both directions. */
  #due_at: number;
  #renewing: Promise<string> | null = null;

  constructor(region: string, stored: StoredSession, store: LoginStore, platform: Platform) {
    this.#region = region;
    this.#platform = platform;
    this.#stored = stored;
    this.#store = store;
    this.#due_at = due_at(stored);
    store.save(stored);
  }

  /** Begins a login with the region's grant of tokens. */
  static granted(region: string, name: string, grant: TokenGrant, store: SessionStore | null, platform: Platform): [LoginTokens, StoredSession] {
    const stored = { ...granted({ player: "", name, access: "", refresh: "", renew_at: 0 }, checked(grant)), renewals: 0 };
    return [new LoginTokens(region, stored, new LoginStore(store), platform), stored];
  }

  /** The time until the token should be renewed, in milliseconds. */
  get renewal_due_ms(): number {
    const left = Math.min(this.#stored.renew_at - Date.now(), this.#due_at - monotonic());
    return Math.min(LOOK_AGAIN_MS, Math.max(1_000, left));
  }

  /** Returns an access token that is not about to expire. */
  async token(): Promise<string> {
    return this.#is_due() ? this.renew() : this.#stored.access;
  }

  /**
   * Returns a new access token, even if the old one is still valid. One renewal runs at a time: a refresh token is
   * valid once, and presenting it again later revokes the session.
   */
  renew(): Promise<string> {
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  /** Deletes the session from this device's storage. */
  forget(): void {
    this.#store.forget(this.#stored);
  }

  #is_due(): boolean {
    return Date.now() >= this.#stored.renew_at || monotonic() >= this.#due_at;
  }

  #renew(): Promise<string> {
    return this.#store.exclusively(this.#stored, async () => {
      // Another tab may have renewed the login while this one waited or slept.
      const { refresh } = this.#stored;
      const newest = this.#store.newest(this.#stored);
      if (newest !== this.#stored) this.#keep(newest);
      if (newest.refresh !== refresh && !this.#is_due()) return newest.access;
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
    this.#stored = { ...this.#stored, attempt };
    this.#store.save(this.#stored);
    return attempt;
  }

  /** Presents the refresh token. An answer may be lost, so a second request follows at once. */
  async #refresh(key: string): Promise<TokenGrant> {
    if (this.#stored.refresh === "") throw this.#lost("no_refresh_token");
    for (let sent_count = 1; ; sent_count += 1) {
      try {
        const request: HttpRequest = {
          method: "POST",
          headers: { "idempotency-key": key },
          body: { refresh_token: this.#stored.refresh },
          timeout_ms: REFRESH_TIMEOUT_MS,
        };
        return checked(await read<TokenGrant>(await send(this.#platform, `${this.#region}/v1/sessions/refresh`, request)));
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
    this.#due_at = due_at(stored);
    this.#store.save(stored);
  }
}

/** Returns the session with the tokens of a grant. */
function granted(before: StoredSession, grant: TokenGrant): StoredSession {
  const { access_token, refresh_token, expires_in } = grant;
  const sid = grant.sid ?? before.sid;
  return {
    player: grant.player ?? before.player,
    name: before.name,
    access: access_token,
    refresh: refresh_token,
    renew_at: renew_at(expires_in),
    ...(sid !== undefined && { sid }),
    renewals: (before.renewals ?? 0) + 1,
  };
}

/** Returns when a token is due by the clock that never jumps. */
function due_at({ renew_at }: StoredSession): number {
  return monotonic() + Math.min(LOOK_AGAIN_MS, renew_at - Date.now());
}

/** Returns a grant that has its tokens. A portal or a proxy may answer 200 with something else. */
function checked(grant: TokenGrant | null): TokenGrant {
  const tokens = typeof grant?.access_token === "string" && typeof grant.refresh_token === "string";
  if (!tokens || !Number.isFinite(grant.expires_in)) throw new TypeError("The answer is not one of the region.");
  return grant;
}

/** Returns whether the region itself has refused the session. A status without its code may come from any proxy. */
function is_final({ status, code }: HttpProblem): boolean {
  return [400, 401, 403].includes(status) && code !== "unknown";
}
