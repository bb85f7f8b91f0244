// Tests that a login survives duplicated tabs, lost answers, foreign answers, and a clock that jumps.

import { deepEqual, equal, rejects } from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { answer_refresh, grant, pass, problem, refreshed, set_clock, settle } from "./fake.ts";
import { guest, place } from "./fake_room.ts";
import { HttpProblem } from "../src/http/http.ts";
import { Session } from "../src/session/session.ts";
import { SessionLost } from "../src/session/tokens.ts";

/** A storage of a browser. */
class FakeStorage extends Map<string, string> {
  get length(): number {
    return this.size;
  }
  key(index: number): string | null {
    return [...this.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.get(key) ?? null;
  }
  setItem(key: string, text: string): void {
    this.set(key, text);
  }
  removeItem(key: string): void {
    this.delete(key);
  }
}

const GRACE_MS = 10_000;
let current = 0;
let rotated_at = 0;
let attempt = "";
let ended = false;

/** A region that rotates its tokens, and ends a login whose used token comes again after the grace and with another key. */
async function region(refresh_token: string, key: string): Promise<Response> {
  const renewals = Number(refresh_token.slice(1));
  if (!ended && renewals === current) {
    current += 1;
    [rotated_at, attempt] = [performance.now(), key];
    return grant(current);
  }
  const repeated = key === attempt || performance.now() - rotated_at <= GRACE_MS;
  if (!ended && renewals === current - 1 && repeated) return grant(current);
  ended = true;
  return problem(401, { code: "refresh_reused" });
}

beforeEach(() => {
  [current, rotated_at, attempt, ended] = [0, 0, "", false];
  answer_refresh(region);
  open_tab(new FakeStorage());
  Object.assign(globalThis, { localStorage: new FakeStorage() });
});

/** Makes a storage the one of the current tab. */
function open_tab(storage: FakeStorage): FakeStorage {
  Object.assign(globalThis, { sessionStorage: storage });
  return storage;
}

const restore = (tab: FakeStorage) => Session.restore(place(open_tab(tab))) as Session;

test("a duplicated tab keeps the login, however long it slept", async () => {
  const first = new FakeStorage();
  const a = await guest("Ana", open_tab(first));
  const b = restore(new FakeStorage(first));
  await pass(550_000);
  equal(await a.token(), "t1");
  await pass(550_000);
  equal(await a.token(), "t2");
  // The copy still has the first tokens, which are long used.
  equal(await b.token(), "t2");
  await pass(550_000);
  deepEqual([await b.token(), await a.token(), refreshed, ended], ["t3", "t3", ["r0", "r1", "r2"], false]);
  // A tab that the browser had discarded comes back with what it had stored.
  await pass(550_000);
  const discarded = restore(new FakeStorage(first));
  deepEqual([await discarded.token(), ended], ["t4", false]);
});

test("two renewals in flight present one token once", async () => {
  const store = new FakeStorage();
  const a = await guest("Ana", open_tab(store));
  const b = restore(new FakeStorage(store));
  deepEqual(await Promise.all([a.renew(), a.renew(), b.token()]), ["t1", "t1", "t0"]);
  await pass(550_000);
  deepEqual(await Promise.all([a.token(), b.token()]), ["t2", "t2"]);
  deepEqual([refreshed, ended], [["r0", "r1"], false]);
});

test("two sessions of one store renew once", async () => {
  const store = new FakeStorage();
  const a = await guest("Ana", store);
  const b = Session.restore(place(store)) as Session;
  await pass(550_000);
  deepEqual(await Promise.all([a.token(), b.token()]), ["t1", "t1"]);
  deepEqual(refreshed, ["r0"]);
});

test("tabs renew under one lock of the browser", async () => {
  const names: string[] = [];
  const request = async (name: string, _: object, work: () => Promise<string>) => {
    names.push(name);
    return work();
  };
  Object.defineProperty(navigator, "locks", { value: { request }, configurable: true });
  await (await guest("Ana")).renew();
  const fail = async () => {
    throw new DOMException("the lock is held", "TimeoutError");
  };
  Object.defineProperty(navigator, "locks", { value: { request: fail }, configurable: true });
  // A tab that never gives its lock back does not end the login of the others.
  equal(await (await guest("Bo")).renew(), "t1");
  Object.defineProperty(navigator, "locks", { value: undefined, configurable: true });
  deepEqual(names, ["matchpoint.login.s_1"]);
});

test("a lost answer is asked for again within the grace of the region", async () => {
  const session = await guest("Ana");
  const timeouts: number[] = [];
  const signal = mock.method(AbortSignal, "timeout", (ms: number) => {
    timeouts.push(ms);
    return new AbortController().signal;
  });
  lose_answers(1);
  equal(await session.renew(), "t1");
  signal.mock.restore();
  deepEqual(refreshed, ["r0", "r0"]);
  equal(timeouts.reduce((sum, ms) => sum + ms, 0) < GRACE_MS, true, String(timeouts));
});

/** Loses the next answers of the region after it has renewed the login. Returns the keys of all requests. */
function lose_answers(count: number): string[] {
  const keys: string[] = [];
  answer_refresh(async (token, key) => {
    const answer = await region(token, key);
    if (keys.push(key) <= count) throw new DOMException("the answer is lost", "TimeoutError");
    return answer;
  });
  return keys;
}

test("a lost answer is asked for again with the same key, however long the device was offline", async () => {
  const session = await guest("Ana");
  const keys = lose_answers(4);
  await rejects(session.renew());
  await pass(3_600_000);
  await rejects(session.token());
  await pass(12 * 3_600_000);
  deepEqual([await session.token(), refreshed, ended], ["t1", ["r0", "r0", "r0", "r0", "r0"], false]);
  deepEqual([new Set(keys).size, keys[0]?.length], [1, 24]);
  equal(await session.renew(), "t2");
  equal(new Set(keys).size, 2);
});

test("a lost answer is asked for again after a reload, and by a tab that was duplicated before", async () => {
  const tab = new FakeStorage();
  const a = await guest("Ana", open_tab(tab));
  const duplicate = restore(new FakeStorage(tab));
  const keys = lose_answers(2);
  open_tab(tab);
  await rejects(a.renew());
  await pass(3_600_000);
  deepEqual([await restore(tab).token(), await duplicate.token(), ended], ["t1", "t1", false]);
  // The tab closes during the next renewal, and the duplicate continues it.
  const lost = lose_answers(2);
  await rejects(restore(tab).renew());
  await pass(3_600_000);
  deepEqual([await duplicate.token(), ended], ["t2", false]);
  deepEqual([new Set(keys).size, new Set(lost).size, keys[0] === lost[0]], [1, 1, false]);
});

test("only the region's own refusal ends a session", async () => {
  const store = new FakeStorage();
  const session = await guest("Ana", store);
  const passing: (() => Promise<Response>)[] = [
    async () => Promise.reject(new TypeError("no network")),
    async () => new Response("<html>Log in to this network</html>", { status: 200 }),
    async () => new Response("<html>Forbidden</html>", { status: 403 }),
    async () => problem(403, { message: "Forbidden" }),
    async () => problem(200, {}),
    async () => problem(404, { code: "not_found" }),
    async () => problem(429, { code: "too_many_failures" }),
    async () => problem(500, { code: "internal" }),
    async () => problem(503, { code: "unavailable" }),
  ];
  for (const answer of passing) {
    answer_refresh(answer);
    await rejects(session.renew(), (error) => !(error instanceof SessionLost));
    equal(store.has("matchpoint.session"), true);
  }
  answer_refresh(region);
  equal(await session.renew(), "t1");
  for (const [status, code] of [[401, "refresh_reused"], [401, "session_revoked"], [403, "banned"]] as const) {
    const lost = await guest("Ana", store);
    answer_refresh(async () => problem(status, { code }));
    await rejects(lost.renew(), SessionLost);
    equal(store.has("matchpoint.session"), false, code);
  }
});

test("a storage that is full or forbidden costs nothing but the reload", async () => {
  const fail = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  const store = { getItem: fail, setItem: fail, removeItem: fail };
  const session = await guest("Ana", store);
  equal(await session.renew(), "t1");
  session.forget();
  equal(Session.restore(place(store)), null);
});

test("a stored text that is no session is ignored", () => {
  for (const text of ["", "{", "null", "7", "{}", '{"player":"p_1","name":"Ana","access":"a","refresh":"r"}']) {
    equal(Session.restore(place(new FakeStorage([["matchpoint.session", text]]))), null, text);
  }
});

test("a token is due by either clock, and a look at it is never farther than a timer reaches", async () => {
  const session = await guest("Ana");
  set_clock(-40 * 24 * 3_600_000);
  equal(session.renewal_due_ms <= 600_000, true);
  equal(await session.token(), "t0");
  await pass(541_000);
  deepEqual([await session.token(), refreshed.length], ["t1", 1]);
  set_clock(80 * 24 * 3_600_000);
  deepEqual([session.renewal_due_ms, await session.token(), await session.token(), refreshed.length], [1_000, "t2", "t2", 2]);
});

test("a forgotten session leaves no token on the device, and old shared copies are removed", async () => {
  const tab = open_tab(new FakeStorage());
  const session = await guest("Ana", tab);
  equal(localStorage.length, 0);
  localStorage.setItem("matchpoint.login.s_old", JSON.stringify({ player: "p", name: "", access: "", refresh: "", renew_at: -3e9 }));
  localStorage.setItem("another.app", "stays");
  await session.renew();
  deepEqual([...(localStorage as unknown as FakeStorage).keys()], ["another.app", "matchpoint.login.s_1"]);
  session.forget();
  deepEqual([tab.size, localStorage.length], [0, 1]);
});

test("a request is repeated once with a new token", async () => {
  const session = await guest("Ana");
  const tokens: string[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = async (url, init) => {
    if (String(url).includes("/sessions")) return real(url, init);
    tokens.push((init?.headers as Record<string, string>).authorization ?? "");
    return problem(401, { code: "token_expired" });
  };
  await rejects(session.request("/v1/follows"), HttpProblem);
  globalThis.fetch = real;
  await settle();
  deepEqual(tokens, ["Bearer t0", "Bearer t1"]);
});
