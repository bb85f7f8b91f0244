// A player's session with the region: its tokens, and their renewal before they expire.

/** The region's response to a login or a refresh. `expires_in` is in seconds. */
type TokenGrant = { player?: string; sid?: string; access_token: string; expires_in: number; refresh_token: string };

/** A session as kept in memory and in the tab's storage. */
export type StoredSession = { player: string; name: string; access: string; refresh: string; renew_at: number };

/** Where a session survives a reload: `sessionStorage`, or an object with the same methods. */
export type SessionStore = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** The region does not renew this session: it was revoked or is too old. The player must log in again. */
export class SessionLost extends Error {
  constructor(why: string) {
    super(`The session has ended: ${why}. Log in again.`);
    this.name = "SessionLost";
  }
}

/** An HTTP error response, with the stable code of its problem document. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly code: string;
  /** The field of the request that was wrong, if the response names one. */
  readonly field: string | null;
  constructor(status: number, code: string, field: string | null) {
    super(`${status} ${code}`);
    this.name = "HttpProblem";
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

const STORE_KEY = "matchpoint.session";
/** A token is renewed a minute before it expires, or in its last fifth: a slow connection must not arrive too late. */
const RENEW_EARLY_S = 60;
const RENEW_EARLY_FRACTION = 0.2;
/** The timeout of a request to the region. */
const TIMEOUT_MS = 10_000;

export class Session {
  readonly region: string;
  #stored: StoredSession;
  #store: SessionStore | null;
  #renewing: Promise<string> | null = null;

  private constructor(region: string, stored: StoredSession, store: SessionStore | null) {
    this.region = region;
    this.#stored = stored;
    this.#store = store;
    this.#persist(stored);
  }

  /** Opens a session for a guest, if the region allows guests. */
  static async guest(region: string, name: string, store: SessionStore | null): Promise<Session> {
    const grant = await post<TokenGrant>(`${region}/v1/sessions`, { guest: { name } });
    return new Session(region, stored_session(grant, grant.player ?? "", name), store);
  }

  /** Returns the session that this tab had before a reload, if any. */
  static restore(region: string, store: SessionStore | null): Session | null {
    const text = store?.getItem(STORE_KEY);
    if (!text) return null;
    try {
      return new Session(region, JSON.parse(text) as StoredSession, store);
    } catch {
      store?.removeItem(STORE_KEY);
      return null;
    }
  }

  get player(): string {
    return this.#stored.player;
  }

  get name(): string {
    return this.#stored.name;
  }

  /** The time until the token should be renewed, in milliseconds. */
  get renewal_due_ms(): number {
    return Math.max(1_000, this.#stored.renew_at - Date.now());
  }

  /** Returns an access token that is not about to expire. */
  async token(): Promise<string> {
    return Date.now() < this.#stored.renew_at ? this.#stored.access : this.renew();
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
    this.#store?.removeItem(STORE_KEY);
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

  async #renew(): Promise<string> {
    try {
      const grant = await post<TokenGrant>(`${this.region}/v1/sessions/refresh`, { refresh_token: this.#stored.refresh });
      this.#persist(stored_session(grant, this.#stored.player, this.#stored.name));
      return this.#stored.access;
    } catch (error) {
      // A refusal is final. Any other error, such as a lost network, leaves the session unchanged.
      const refused = error instanceof HttpProblem && [400, 401, 403, 404].includes(error.status);
      if (!refused) throw error;
      this.forget();
      throw new SessionLost(error.code);
    }
  }

  #persist(stored: StoredSession): void {
    this.#stored = stored;
    this.#store?.setItem(STORE_KEY, JSON.stringify(stored));
  }
}

function stored_session(grant: TokenGrant, player: string, name: string): StoredSession {
  return {
    player: grant.player ?? player,
    name,
    access: grant.access_token,
    refresh: grant.refresh_token,
    renew_at: Date.now() + 1000 * (grant.expires_in - Math.min(RENEW_EARLY_S, RENEW_EARLY_FRACTION * grant.expires_in)),
  };
}

async function post<T>(url: string, body: unknown): Promise<T> {
  const headers = { "content-type": "application/json" };
  return read<T>(await request(url, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** Sends a request with a timeout. Throws `TypeError` if the network fails. */
export async function request(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, credentials: "omit", signal: AbortSignal.timeout(TIMEOUT_MS) });
}

/** Reads a JSON response. Throws `HttpProblem` unless the response is a success. */
export async function read<T>(answer: Response): Promise<T> {
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok) return body as T;
  const { code, field } = (body ?? {}) as { code?: unknown; field?: unknown };
  throw new HttpProblem(answer.status, typeof code === "string" ? code : "unknown", typeof field === "string" ? field : null);
}
