// Where the tokens of a login are kept: for this tab across reloads, and for all tabs that hold the same login.

/** Where a session survives a reload: `sessionStorage`, or an object with the same methods. */
export type SessionStore = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** A session as kept in memory and in a store. */
export type StoredSession = {
  player: string;
  name: string;
  access: string;
  refresh: string;
  /** The time at which the token should be renewed, by this device's clock. */
  renew_at: number;
  /** The login. Absent in sessions that an earlier version stored. */
  sid?: string;
  /** The number of renewals since the login: of two copies the one with more is the newer. */
  renewals?: number;
  /** The key of a renewal that was sent and has no answer yet. The region repeats the answer to the same key. */
  attempt?: string;
};

const KEY = "matchpoint.session";
const SHARED_PREFIX = "matchpoint.login.";
/** Shared copies that were not renewed for this long belong to logins that have ended. */
const SHARED_FOR_MS = 30 * 24 * 3600 * 1000;
/** How long a renewal waits for another tab's; the region repeats its answer for a while to a tab that waits no longer. */
const LOCK_TIMEOUT_MS = 10_000;

/** Returns the storage of this tab; `null` where the browser has none or forbids it. */
export function tab_storage(): SessionStore | null {
  return attempt(() => globalThis.sessionStorage);
}

/**
 * Keeps one login. A duplicated tab starts with a copy of the other's storage, and a refresh token is valid once: the tabs
 * therefore renew one after the other and find the newest tokens in the storage that they share.
 */
export class LoginStore {
  readonly #own: SessionStore | null;
  readonly #shared: Storage | null;

  constructor(own: SessionStore | null) {
    this.#own = own;
    this.#shared = own !== null && own === tab_storage() ? attempt(() => globalThis.localStorage) : null;
  }

  /** Returns the newest copy of the login that this store holds. */
  load(): StoredSession | null {
    return this.newest(read(this.#own, KEY));
  }

  /** Returns a newer copy of this login, if another tab or page has stored one, or the given one. */
  newest<S extends StoredSession | null>(known: S): S {
    if (known === null) return known;
    let best: StoredSession = known;
    for (const copy of [read(this.#own, KEY), read(this.#shared, shared_key(known))]) {
      if (copy !== null && login(copy) === login(known) && age(copy) > age(best)) best = copy;
    }
    return best as S;
  }

  /** Stores a copy. A full or forbidden storage only costs the login after a reload. */
  save(session: StoredSession): void {
    const text = JSON.stringify(session);
    attempt(() => this.#own?.setItem(KEY, text));
    if (age(session) === 0) return;
    attempt(() => this.#shared?.setItem(shared_key(session), text));
    this.#prune();
  }

  /** Forgets the login. Another tab that holds it keeps the tokens that it has. */
  forget(session: StoredSession): void {
    attempt(() => this.#own?.removeItem(KEY));
    attempt(() => this.#shared?.removeItem(shared_key(session)));
  }

  /** Runs one renewal of a login at a time, in this page and in all tabs of the browser. */
  async exclusively<T>(session: StoredSession, work: () => Promise<T>): Promise<T> {
    return exclusively(shared_key(session), work);
  }

  #prune(): void {
    const shared = this.#shared;
    if (shared === null) return;
    for (const key of Array.from({ length: shared.length }, (_, index) => shared.key(index))) {
      if (!key?.startsWith(SHARED_PREFIX)) continue;
      if ((read(shared, key)?.renew_at ?? 0) < Date.now() - SHARED_FOR_MS) attempt(() => shared.removeItem(key));
    }
  }
}

const running = new Map<string, Promise<unknown>>();

async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locked = () => with_lock(name, work);
  const done = Promise.resolve(running.get(name)).then(locked, locked);
  running.set(name, done);
  try {
    return await done;
  } finally {
    if (running.get(name) === done) running.delete(name);
  }
}

/** Holds a lock of the browser during the work, where the browser has locks. */
async function with_lock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return work();
  let started = false;
  const begin = () => {
    started = true;
    return work();
  };
  try {
    return await locks.request(name, { signal: AbortSignal.timeout(LOCK_TIMEOUT_MS) }, begin);
  } catch (error) {
    if (started) throw error;
    return work();
  }
}

/** The name of a login: its session id, or for an older stored session its player. */
function login({ sid, player }: StoredSession): string {
  return sid ?? player;
}

function shared_key(session: StoredSession): string {
  return SHARED_PREFIX + login(session);
}

/** The place of a copy among those of its login: after each renewal, and after the start of each. */
function age({ renewals, attempt }: StoredSession): number {
  return 2 * (renewals ?? 0) + (attempt === undefined ? 0 : 1);
}

function read(store: SessionStore | null, key: string): StoredSession | null {
  const value = attempt(() => JSON.parse(store?.getItem(key) ?? "null") as StoredSession | null);
  const is_whole = [value?.player, value?.name, value?.access, value?.refresh].every((field) => typeof field === "string") && Number.isFinite(value?.renew_at);
  return is_whole ? value : null;
}

/** Returns a result, or null where a storage is missing, full, damaged or forbidden. */
function attempt<T>(run: () => T | null | undefined): T | null {
  try {
    return run() ?? null;
  } catch {
    return null;
  }
}
