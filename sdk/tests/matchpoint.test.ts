// Tests of the client of one player: sign-in, queues as one call, and requests over HTTP.

import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { FakeSocket, last, pass, settle } from "./fake.ts";
import { HttpProblem, Matchpoint, NotMatched, Refused, SessionLost } from "../src/index.ts";
import { People, Profiles } from "../src/region/index.ts";

type Call = { url: string; method: string; body: unknown; token: string | undefined };

/** The requests that the client has sent, and the answers by path; others are an empty object. */
class FakeHttp {
  calls: Call[] = [];
  answers: Record<string, [number, unknown]> = {};
  fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const headers = init.headers as Record<string, string>;
    const { pathname, search } = new URL(String(url));
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : (init.body ?? null);
    this.calls.push({ url: pathname + search, method: init.method ?? "GET", body, token: headers.authorization });
    const [status, answer] = this.answers[pathname] ?? this.#usual(pathname);
    return new Response(status === 204 ? null : JSON.stringify(answer), { status, headers: { etag: '"v1"' } });
  };
  #usual(path: string): [number, unknown] {
    if (path === "/v1/config") return [200, { region: "http://region/", pools: ["a"], rules: {} }];
    if (path === "/v1/sessions") return [201, { player: "p_1", sid: "s_1", access_token: "t0", expires_in: 600, refresh_token: "r0" }];
    return [200, {}];
  }
}

function client(http = new FakeHttp()): Matchpoint {
  return new Matchpoint({ url: "http://edge/", fetch: http.fetch, WebSocket: FakeSocket as never, storage: null });
}

/** An access token with these claims, which no server would accept. */
const token = (claims: object) => `h.${btoa(JSON.stringify(claims)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_")}.s`;

test("a guest waits, is matched, and enters the room", async () => {
  const matchpoint = client();
  equal(matchpoint.session.get(), null);
  const session = await matchpoint.guest("Ana");
  deepEqual([matchpoint.session.get() === session, session.player, session.sid], [true, "p_1", "s_1"]);
  const states: string[] = [];
  const waiting = matchpoint.queue("a", { wants: [{ attr: "rating", within: 100 }] }, { changed: ({ is }) => states.push(is) });
  await settle();
  equal(last().url, "ws://edge/v1/lobbies/a");
  last().welcome({ recovered: false });
  await settle();
  deepEqual(last().received[0]?.body, { attrs: {}, wants: [{ attr: "rating", within: 100 }] });
  last().tell({ ev: "queued", body: { ticket: "t_1", since: 1, key: "k" } });
  await settle();
  last().tell({ ev: "matched", body: { match: "m_1", room: "m_1", with: ["p_2"] } });
  deepEqual(await waiting, { room: "m_1", with: ["p_2"] });
  deepEqual([states, last().readyState], [["entering", "queued", "matched"], 3]);
  const opening = matchpoint.room("m_1");
  await settle();
  last().welcome();
  equal((await opening).view.you, "p_1");
});

test("proposals are answered, and a declined one ends the wait", async () => {
  const matchpoint = client();
  await matchpoint.guest("Ana");
  const waiting = matchpoint.queue("a", {}, { accept: ({ with: others }) => others.includes("p_2") });
  await settle();
  last().welcome({ recovered: false });
  await settle();
  last().tell({ ev: "queued", body: { ticket: "t_1", since: 1, key: "k" } });
  last().tell({ ev: "proposed", body: { match: "m_1", with: ["p_2"], until: 9, accepted: false } });
  await settle();
  last().tell({ ev: "returned", body: { ticket: "t_1", since: 1, reason: "declined" } });
  last().tell({ ev: "proposed", body: { match: "m_2", with: ["p_3"], until: 9, accepted: false } });
  await settle();
  deepEqual(last().received.map(({ op }) => op), ["enter", "accept", "decline"]);
  last().tell({ ev: "expired", body: { ticket: "t_1", reason: "declined", after_ms: 30_000 } });
  await rejects(waiting, (error) => error instanceof NotMatched && error.reason === "declined" && error.after_ms === 30_000);
});

test("a proposal that is repeated after a reconnect is asked about once", async () => {
  const matchpoint = client();
  await matchpoint.guest("Ana");
  let asked = 0;
  let decide: (accepts: boolean) => void = () => {};
  const accept = () => {
    asked += 1;
    return new Promise<boolean>((resolve) => (decide = resolve));
  };
  const waiting = matchpoint.queue("a", {}, { accept });
  const proposed = { ev: "proposed", body: { match: "m_1", with: ["p_2"], until: 9, accepted: false } };
  await settle();
  last().welcome({ recovered: false });
  for (let turn = 0; turn < 2; turn += 1) {
    last().tell(proposed);
    await settle();
  }
  decide(true);
  await settle();
  deepEqual([asked, last().received.filter(({ op }) => op === "accept").length], [1, 1]);
  last().tell({ ev: "matched", body: { match: "m_1", room: "m_1", with: ["p_2"] } });
  await waiting;
});

test("an aborted wait withdraws the ticket, and a refused one says why", async () => {
  const matchpoint = client();
  await matchpoint.guest("Ana");
  const controller = new AbortController();
  const waiting = matchpoint.queue("a", {}, { signal: controller.signal });
  await settle();
  last().welcome({ recovered: false });
  await settle();
  controller.abort(new Error("another plan"));
  await rejects(waiting, /another plan/);
  await settle();
  equal(last().received.at(-1)?.op, "leave");
  last().tell({ id: last().received.at(-1)?.id, ok: {} });
  await settle();
  equal(last().readyState, 3);
  const refused = matchpoint.queue("a");
  await settle();
  last().welcome({ recovered: false });
  await settle();
  last().tell({ id: 1, err: { code: "lobby_full", retry: false } });
  await rejects(refused, (error) => error instanceof Refused && error.code === "lobby_full");
});

test("a call without a session says what to do", async () => {
  await rejects(client().queue("a"), /No player is signed in/);
});

test("tokens of a backend make a session, which ends with them unless they can be renewed", async () => {
  const http = new FakeHttp();
  const matchpoint = client(http);
  const adopted = await matchpoint.adopt({ access_token: token({ sub: "p_9", sid: "s_9" }), expires_in: 600 });
  deepEqual([adopted.sid, await adopted.token()], ["s_9", token({ sub: "p_9", sid: "s_9" })]);
  await rejects(adopted.renew(), SessionLost);
  let given = 0;
  const provided = await matchpoint.adopt(() => token({ sub: "p_2", exp: Date.now() / 1000 + 600, n: (given += 1) }));
  deepEqual([provided.player, given], ["p_2", 1]);
  await pass(500_000);
  await provided.token();
  equal(given, 1);
  await pass(50_000);
  await Promise.all([provided.token(), provided.token()]);
  equal(given, 2);
});

test("signing out ends the login, or all logins", async () => {
  const http = new FakeHttp();
  http.answers["/v1/sessions/s_1"] = [204, null];
  const matchpoint = client(http);
  await matchpoint.guest("Ana");
  await matchpoint.sign_out();
  deepEqual([http.calls.at(-1), matchpoint.session.get()], [{ url: "/v1/sessions/s_1", method: "DELETE", body: null, token: "Bearer t0" }, null]);
  await matchpoint.guest("Ana");
  http.answers["/v1/sessions"] = [204, null];
  await matchpoint.sign_out({ everywhere: true });
  deepEqual([http.calls.at(-1)?.url, http.calls.at(-1)?.method], ["/v1/sessions", "DELETE"]);
});

test("a problem has its code, and each field at fault", async () => {
  const http = new FakeHttp();
  const errors = [{ code: "bad_text", detail: "Too long.", field: "name" }, { code: "too_many", detail: "At most 12.", field: "attrs" }];
  http.answers["/v1/profiles/me"] = [400, { code: "bad_text", detail: "Too long.", field: "name", errors }];
  const matchpoint = client(http);
  await matchpoint.guest("Ana");
  await rejects(new Profiles(matchpoint).edit({ name: "x".repeat(99) }), (error) => {
    deepEqual([(error as HttpProblem).errors, (error as HttpProblem).field, (error as Error).message], [errors, "name", "Too long."]);
    return error instanceof HttpProblem && error.status === 400 && error.code === "bad_text";
  });
});

test("an edit names the version that was read", async () => {
  const tags: unknown[] = [];
  const http = new FakeHttp();
  const fetch: typeof http.fetch = (url, init) => {
    tags.push((init?.headers as Record<string, string>)["if-match"]);
    return http.fetch(url, init);
  };
  const matchpoint = new Matchpoint({ url: "http://edge", fetch, storage: null });
  await matchpoint.guest("Ana");
  const profiles = new Profiles(matchpoint);
  const profile = await profiles.mine();
  await profiles.edit({ bio: "x" }, { if_unchanged: profile });
  await profiles.edit({ bio: "y" });
  deepEqual(tags.slice(-2), ['"v1"', "*"]);
});

test("lists are read page by page", async () => {
  const http = new FakeHttp();
  const matchpoint = client(http);
  await matchpoint.guest("Ana");
  http.answers["/v1/follows"] = [200, { follows: [{ player: "p_2", since: "", mutual: true }], cursor: "p_2" }];
  const found: string[] = [];
  for await (const { player } of new People(matchpoint).follows()) {
    found.push(player);
    http.answers["/v1/follows"] = [200, { follows: [{ player: "p_3", since: "", mutual: true }], cursor: null }];
  }
  deepEqual([found, http.calls.at(-1)?.url], [["p_2", "p_3"], "/v1/follows?cursor=p_2"]);
});

test("a failed configuration is read again, and an aborted request rejects at once", async () => {
  const http = new FakeHttp();
  http.answers["/v1/config"] = [503, { code: "unavailable" }];
  const matchpoint = client(http);
  await rejects(matchpoint.guest("Ana"), HttpProblem);
  delete http.answers["/v1/config"];
  await rejects(matchpoint.guest("Ana", { signal: AbortSignal.abort(new Error("too late")) }), /too late/);
  await matchpoint.guest("Ana");
  equal(http.calls.filter(({ url }) => url === "/v1/config").length, 2);
});
