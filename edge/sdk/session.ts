// Who somebody is: a session with the region, its tokens, and their renewal before they expire.

/** What the region gives for a session. `expires_in` is in seconds. */
type Grant = { player?: string; sid?: string; access_token: string; expires_in: number; refresh_token: string };

/** What is kept of a session, in memory and in the tab's storage. */
export type Kept = { player: string; name: string; access: string; refresh: string; renew_at: number };

/** Where a session is kept across a reload: `sessionStorage`, or anything that looks like it. */
export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** The region will not renew this session: it was revoked, or is too old. Somebody has to log in again. */
export class SessionLost extends Error {
  constructor(why: string) {
    super(`the session is over: ${why}`);
    this.name = "SessionLost";
  }
}

/** An HTTP answer that is no success, with the stable code of its problem document. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly code: string;
  /** Which field of the request was at fault. */
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
/** A token is renewed a minute before it expires, or in its last fifth: a slow dial must not arrive too late. */
const EARLY_S = 60;
const EARLY_PART = 0.2;
/** How long the region may take to answer. */
const TIMEOUT_MS = 10_000;

export class Session {
  readonly region: string;
  #kept: Kept;
  #store: Store | null;
  #renewing: Promise<string> | null = null;

  private constructor(region: string, kept: Kept, store: Store | null) {
    this.region = region;
    this.#kept = kept;
    this.#store = store;
    this.#keep(kept);
  }

  /** Opens a session for a guest, where the region allows guests. */
  static async guest(region: string, name: string, store: Store | null): Promise<Session> {
    const grant = await post<Grant>(`${region}/v1/sessions`, { guest: { name } });
    return new Session(region, keep(grant, grant.player ?? "", name), store);
  }

  /** The session this tab had before a reload; none if it had none. */
  static restore(region: string, store: Store | null): Session | null {
    const text = store?.getItem(STORE_KEY);
    if (!text) return null;
    try {
      return new Session(region, JSON.parse(text) as Kept, store);
    } catch {
      store?.removeItem(STORE_KEY);
      return null;
    }
  }

  get player(): string {
    return this.#kept.player;
  }

  get name(): string {
    return this.#kept.name;
  }

  /** How long until the token should be another, in milliseconds. */
  get renewal_due_ms(): number {
    return Math.max(1_000, this.#kept.renew_at - Date.now());
  }

  /** An access token that is good for a while yet. */
  async token(): Promise<string> {
    return Date.now() < this.#kept.renew_at ? this.#kept.access : this.renew();
  }

  /**
   * A new access token, whatever the old one was worth. One renewal is in flight at a time: a refresh token is spent
   * by its use, and one presented again later revokes the session.
   */
  renew(): Promise<string> {
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  /** Forgets the session on this device. */
  forget(): void {
    this.#store?.removeItem(STORE_KEY);
  }

  /** Reads from the region as this player. */
  get<T>(path: string): Promise<T> {
    return this.ask<T>("GET", path);
  }

  /** Asks the region as this player. What may be asked twice, since it is where its answer is lost. */
  async ask<T>(method: "GET" | "PUT" | "DELETE", path: string): Promise<T> {
    const ask = (token: string) =>
      call(`${this.region}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
    let answer = await ask(await this.token());
    if (answer.status === 401) answer = await ask(await this.renew());
    return read<T>(answer);
  }

  async #renew(): Promise<string> {
    try {
      const grant = await post<Grant>(`${this.region}/v1/sessions/refresh`, { refresh_token: this.#kept.refresh });
      this.#keep(keep(grant, this.#kept.player, this.#kept.name));
      return this.#kept.access;
    } catch (error) {
      // A refusal is final. Anything else, such as no network, leaves the session as it was.
      const refused = error instanceof HttpProblem && [400, 401, 403, 404].includes(error.status);
      if (!refused) throw error;
      this.forget();
      throw new SessionLost(error.code);
    }
  }

  #keep(kept: Kept): void {
    this.#kept = kept;
    this.#store?.setItem(STORE_KEY, JSON.stringify(kept));
  }
}

function keep(grant: Grant, player: string, name: string): Kept {
  return {
    player: grant.player ?? player,
    name,
    access: grant.access_token,
    refresh: grant.refresh_token,
    renew_at: Date.now() + 1000 * (grant.expires_in - Math.min(EARLY_S, EARLY_PART * grant.expires_in)),
  };
}

async function post<T>(url: string, body: unknown): Promise<T> {
  const headers = { "content-type": "application/json" };
  return read<T>(await call(url, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** Asks for JSON, with a timeout. Throws `TypeError` where the network fails, `HttpProblem` where the server says no. */
export async function call(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, credentials: "omit", signal: AbortSignal.timeout(TIMEOUT_MS) });
}

export async function read<T>(answer: Response): Promise<T> {
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok) return body as T;
  const { code, field } = (body ?? {}) as { code?: unknown; field?: unknown };
  throw new HttpProblem(answer.status, typeof code === "string" ? code : "unknown", typeof field === "string" ? field : null);
}
