// A player's session with the region: its tokens, and their renewal before they expire.

import { monotonic } from "../connection/clock.ts";
import { random_key } from "../wire/frames.ts";
import { HttpProblem, post, read, request } from "../region/http.ts";
import { LoginStore } from "./login_store.ts";
import type { SessionStore, StoredSession } from "./login_store.ts";

/** The region's response to a login or a refresh. `expires_in` is in seconds. */
type TokenGrant = { player?: string; sid?: string; access_token: string; expires_in: number; refresh_token: string };

/** The region does not renew this session: it was revoked or is too old. The player must log in again. */
export class SessionLost extends Error {
  constructor(why: string) {
    super(`The session has ended: ${why}. Log in again.`);
    this.name = "SessionLost";
  }
}

/** A token is renewed a minute before it expires, or in its last fifth: a slow connection must not arrive too late. */
const RENEW_EARLY_S = 60;
const RENEW_EARLY_FRACTION = 0.2;
/** The timeout of one request to renew, and the number of requests until the renewal fails. A later renewal continues it. */
const REFRESH_TIMEOUT_MS = 4_000;
const REFRESH_REQUESTS = 2;
/** The longest time until the next look at a token, and the longest that a stored one is believed to be valid. */
const LOOK_AGAIN_MS = 3_600_000;

export class Session {
  readonly region: string;
  #stored: StoredSession;
  #store: LoginStore;
  /** When the token is due by a clock that never jumps. The device's clock alone may be set by days, in both directions. */
  #due_at: number;
  #renewing: Promise<string> | null = null;

  private constructor(region: string, stored: StoredSession, store: LoginStore) {
    this.region = region;
    this.#stored = stored;
    this.#store = store;
    this.#due_at = due_at(stored);
    store.save(stored);
  }

  /** Opens a session for a guest, if the region allows guests. */
  static async guest(region: string, name: string, store: SessionStore | null): Promise<Session> {
    const grant = checked(await post<TokenGrant>(`${region}/v1/sessions`, { guest: { name } }));
    const stored = granted({ player: "", name, access: "", refresh: "", renew_at: 0 }, grant);
    return new Session(region, { ...stored, renewals: 0 }, new LoginStore(store));
  }

  /** Returns the session that this tab had before a reload, if any. */
  static restore(region: string, store: SessionStore | null): Session | null {
    const login_store = new LoginStore(store);
    const stored = login_store.load();
    return stored === null ? null : new Session(region, stored, login_store);
  }

  get player(): string {
    return this.#stored.player;
  }

  get name(): string {
    return this.#stored.name;
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

  /** Sends a GET request to the region as this player. */
  get<T>(path: string): Promise<T> {
    return this.request<T>("GET", path);
  }

  /** Sends an idempotent request to the region as this player; repeats it once after renewing an expired token. */
  async request<T>(method: "GET" | "PUT" | "DELETE", path: string): Promise<T> {
    const send = (token: string) =>
      request(`${this.region}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
    let answer = await send(await this.token());
    if (answer.status === 401) answer = await send(await this.renew());
    return read<T>(answer);
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
    for (let sent = 1; ; sent += 1) {
      try {
        const body = { refresh_token: this.#stored.refresh };
        const url = `${this.region}/v1/sessions/refresh`;
        return checked(await post<TokenGrant>(url, body, REFRESH_TIMEOUT_MS, { "idempotency-key": key }));
      } catch (error) {
        if (error instanceof HttpProblem && is_final(error)) {
          this.forget();
          throw new SessionLost(error.code);
        }
        if (sent === REFRESH_REQUESTS) throw error;
      }
    }
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
    renew_at: Date.now() + 1000 * (expires_in - Math.min(RENEW_EARLY_S, RENEW_EARLY_FRACTION * expires_in)),
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
