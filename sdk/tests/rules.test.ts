// Tests of the client rules: close policy, log positions, the outbox, the room view and the queue state.

import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { pass } from "./fake.ts";
import { after_close, jitter, read_reason } from "../src/connection/close_policy.ts";
import { Outbox } from "../src/connection/outbox.ts";
import { NO_POSITION, check_event, opening_query, after_welcome } from "../src/connection/log_position.ts";
import { fold as queue, party_of } from "../src/lobby/queue_state.ts";
import * as views from "../src/room/view.ts";
import { read, write } from "../src/wire/frames.ts";
import { LOBBY_KEYED, ROOM_KEYED } from "../src/wire/wire.ts";
import { Refused } from "../src/wire/refused.ts";
import type { Command, Event, Json, Welcome } from "../src/wire/wire.ts";

const first = (more: Partial<Welcome>): Welcome => ({
  ev: "welcome",
  epoch: "e1",
  at: 0,
  recovered: true,
  you: "p_1",
  now: 0,
  heartbeat: { every_ms: 25_000, grace_ms: 10_000 },
  limits: { frame_bytes: 16_384, per_s: 20, burst: 40, batch: 64 },
  ...more,
});

test("the range of a close code decides the next action", () => {
  const check = (code: number, reason: string, expected: [string, number?, boolean?]) => {
    const next = after_close(code, read_reason(reason), 0, 0.5);
    const got = next.stops ? [next.log_in ? "log_in" : "stop"] : ["resume", next.in_ms, next.new_token];
    deepEqual(got, expected, String(code));
  };
  for (const code of [4000, 4006, 4007, 4011, 4042, 4099]) check(code, "", ["stop"]);
  for (const code of [1001, 1005, 1006, 1011, 1012, 4102, 4199]) check(code, "", ["resume", 750, false]);
  check(4100, '{"why":"overloaded","after_ms":5000}', ["resume", 5750, false]);
  check(4200, '{"why":"deploy","after_ms":1000}', ["resume", 500, false]);
  check(4201, '{"why":"moved"}', ["resume", 0, false]);
  check(4299, "", ["resume", 750, false]);
  check(4300, "", ["resume", 0, true]);
  check(4301, "", ["resume", 0, true]);
  check(4302, "", ["log_in"]);
});

test("a client that was open stands by for a newer connection, and one that never was stops", () => {
  for (const code of [4006, 4008]) {
    deepEqual(after_close(code, { why: "x" }, 0, 0.5, true), { stops: false, in_ms: 750, new_token: false, yields: true });
    equal(after_close(code, {}, 0, 0.5, false).stops, true);
  }
  for (const code of [4000, 4001, 4002, 4005, 4007, 4011]) equal(after_close(code, {}, 0, 0.5, true).stops, true);
});

test("the wait before a reconnect grows from 0.5 s to 30 s", () => {
  deepEqual([0, 1, 3, 20].map((failures) => jitter(failures, 0.999999)), [1000, 2000, 8000, 30_000]);
  equal(jitter(20, 0), 500);
});

test("a token refused twice causes no tight loop", () => {
  const next = after_close(4301, {}, 1, 0.5);
  equal(!next.stops && next.in_ms >= 500 && next.new_token, true);
});

test("repeated moves cause no tight loop", () => {
  const next = after_close(4201, {}, 1, 0.5);
  equal(!next.stops && next.in_ms >= 500 && !next.new_token, true);
});

test("an unknown close reason is ignored", () => {
  for (const text of ["", "bye", "7", "null", '{"after_ms":-1}', '{"why":7}']) deepEqual(read_reason(text), {});
});

test("a position is the next, a duplicate or a gap", () => {
  const place = { epoch: "e1", at: 5 };
  const check = (at: number | undefined, expected: string) => equal(check_event(place, { ev: "said", ...(at && { at }) }), expected);
  check(5, "duplicate");
  check(6, "next");
  check(7, "gap");
  check(undefined, "ephemeral");
  equal(check_event(place, { ev: "skip", at: 6 }), "next");
});

test("a welcome sets the log position", () => {
  const place = { epoch: "e1", at: 5 };
  const snapshot = { at: 8, members: [], board: {}, events: [] };
  deepEqual(after_welcome(place, first({ at: 9, replayed: 4 })), place);
  deepEqual(after_welcome(NO_POSITION, first({ at: 9, replayed: 9 })), { epoch: "e1", at: 0 });
  deepEqual(after_welcome(place, first({ at: 8, recovered: false, snapshot, epoch: "e2" })), { epoch: "e2", at: 8 });
  equal(opening_query(place), "?epoch=e1&at=5");
  equal(opening_query(NO_POSITION), "");
  deepEqual([opening_query(place, true), opening_query(NO_POSITION, true)], ["?epoch=e1&at=5&yield=1", "?yield=1"]);
});

/** An outbox, and what it gives to be sent. */
function box(keyed_ops = ROOM_KEYED): Outbox & { out: (most?: number) => Command[] } {
  const outbox = new Outbox(keyed_ops, () => {});
  const out = (most = Infinity) => outbox.take(() => (most -= 1) >= 0, () => {});
  return Object.assign(outbox, { out });
}

const keys = ({ entries }: Outbox) => entries.map(({ key }) => key);
/** Puts commands whose promises the test does not look at. */
const put = (outbox: Outbox, ...commands: Command[]) => commands.forEach((command) => outbox.put(command).catch(() => {}));

test("a command stays in the outbox until it is durable", async () => {
  const outbox = box();
  const sent = outbox.put({ op: "say", key: "a", body: 1 });
  deepEqual(outbox.out(), [{ id: 1, op: "say", key: "a", body: 1 }]);
  outbox.replied({ id: 1, ok: { at: 7 } });
  deepEqual(await sent, { at: 7 });
  outbox.durable(6);
  equal(outbox.entries.length, 1);
  outbox.reconnected(true, 7);
  deepEqual(outbox.out(), [{ id: 2, op: "say", key: "a", body: 1 }]);
  outbox.replied({ id: 2, ok: { at: 7 } });
  equal(outbox.entries.length, 1);
  outbox.durable(7);
  equal(outbox.entries.length, 0);
  deepEqual(await sent.durable, { at: 7 });
});

test("an old position proves nothing in a new epoch", () => {
  const outbox = box();
  put(outbox, { op: "say", key: "a" });
  outbox.out();
  outbox.replied({ id: 1, ok: { at: 7 } });
  outbox.reconnected(false, 9);
  outbox.durable(9);
  deepEqual(keys(outbox), ["a"]);
});

test("a command without an event is done with its reply, and a refused one is dropped", async () => {
  const outbox = box();
  const [left, again] = [outbox.put({ op: "leave" }), outbox.put({ op: "leave" })];
  outbox.out();
  outbox.replied({ id: 1, ok: {} });
  equal(outbox.entries.length, 1);
  await left.durable;
  outbox.replied({ id: 2, err: { code: "forbidden", retry: false } });
  equal(outbox.entries.length, 0);
  await rejects(again, Refused);
});

test("only ops that take a key are sent with theirs", () => {
  const outbox = box(LOBBY_KEYED);
  put(outbox, { op: "enter", key: "a", body: {} }, { op: "leave" });
  deepEqual(outbox.out().map(({ id, op, key }) => [id, op, key]), [[1, "enter", "a"], [2, "leave", undefined]]);
});

test("a temporarily refused command is repeated with the same key", async () => {
  const outbox = box();
  put(outbox, { op: "say", key: "a" });
  const refuse = (id: number) => outbox.replied({ id, err: { code: "unavailable", retry: true, after_ms: 800 } });
  outbox.out();
  equal(refuse(1), undefined);
  await pass(799);
  deepEqual(outbox.out(), []);
  await pass(1);
  deepEqual(outbox.out(), [{ id: 2, op: "say", key: "a" }]);
  // A newer connection sends it meanwhile.
  refuse(2);
  outbox.reconnected(true, 0);
  deepEqual(outbox.out().length, 1);
  await pass(800);
  deepEqual(outbox.out(), []);
});

test("a command refused for its rate goes again before all later ones", () => {
  const outbox = box();
  put(outbox, { op: "say", key: "a" }, { op: "say", key: "b" });
  outbox.out(1);
  equal(outbox.replied({ id: 1, err: { code: "too_fast", retry: true, after_ms: 800 } }), 800);
  deepEqual(outbox.out().map(({ key }) => key), ["a", "b"]);
});

test("a conflict and a cooldown are told at once, whatever their retry", async () => {
  for (const code of ["conflict", "cooldown"] as const) {
    const outbox = box();
    const sent = outbox.put({ op: "set", body: { keys: {} } });
    outbox.out();
    outbox.replied({ id: 1, err: { code, retry: true, after_ms: 800 } });
    await rejects(sent, (error) => error instanceof Refused && error.code === code);
  }
});

test("frames are read alone or in batches, and written within the limits", () => {
  deepEqual(read('{"ev":"durable","to":3}'), [{ ev: "durable", to: 3 }]);
  equal(read('[{"id":1,"ok":{}},{"ev":"x"},{"err":{}},7]')?.length, 2);
  equal(read('{"ev":'), null);
  const limits = (batch: number, frame_bytes: number) => ({ batch, frame_bytes });
  deepEqual(write([{ op: "leave" }], limits(64, 16_384)), ['{"op":"leave"}']);
  deepEqual(write([], limits(64, 16_384)), []);
  deepEqual(write([{ op: "leave" }, { op: "why" }, { op: "leave" }], limits(2, 16_384)), ['[{"op":"leave"},{"op":"why"}]', '{"op":"leave"}']);
  equal(write([{ op: "say", body: "é".repeat(60) }, { op: "say", body: "é".repeat(60) }], limits(64, 200)).length, 2);
});

const said = (at: number, by: string, body: string): Event => ({ at, ev: "said", by, ts: at, body });

test("a room view is the sum of its events", () => {
  const snapshot = { at: 2, members: [{ player: "p_1", name: "Ana", state: "here" as const }], board: {}, events: [{ at: 1, ev: "skip" }, said(2, "p_1", "hi")] };
  let view = views.welcome(views.empty(), first({ at: 2, recovered: false, snapshot }));
  view = views.fold(view, { at: 3, ev: "joined", by: "p_2", body: { name: "Bo" } });
  view = views.fold(view, { at: 4, ev: "away", by: "p_2" });
  view = views.fold(view, { at: 5, ev: "set", by: "p_1", body: { keys: { move: "e4" } } });
  view = views.fold(view, { ev: "durable", to: 4 });
  deepEqual(view.members.map(({ name, state }) => `${name} ${state}`), ["Ana here", "Bo away"]);
  deepEqual([{ ...view.board }, view.position.at, view.durable, view.missed], [{ move: { v: "e4", at: 5 } }, 5, 4, false]);
  deepEqual(view.events.map(({ ev }) => ev), ["said", "joined", "away"]);
});

test("a board holds any key, and no other", () => {
  const keys = JSON.parse('{"__proto__":"evil","constructor":1,"toString":2}') as Record<string, Json>;
  const own = ["__proto__", "constructor", "toString"];
  const set = (at: number, keys: Record<string, Json>): Event => ({ at, ev: "set", by: "p_1", body: { keys } });
  let view = views.fold(views.welcome(views.empty(), first({})), set(1, keys));
  deepEqual([Object.keys(view.board), view.board.at, view.board.valueOf], [own, undefined, undefined]);
  // As a page saves it, and as a snapshot brings it.
  view = views.restored(JSON.parse(JSON.stringify(view)) as views.View);
  deepEqual([Object.keys(view.board), view.board.valueOf], [own, undefined]);
  const snapshot = { at: 2, members: [], board: JSON.parse(JSON.stringify(view.board)) as typeof view.board, events: [] };
  view = views.welcome(view, first({ at: 2, recovered: false, snapshot }));
  deepEqual([Object.keys(view.board), view.board.valueOf], [own, undefined]);
  view = views.fold(view, set(3, JSON.parse('{"__proto__":null,"constructor":null,"toString":null}') as Record<string, Json>));
  deepEqual(Object.keys(view.board), []);
});

test("a snapshot after a long absence keeps known events and reports the gap", () => {
  const known = views.fold(views.welcome(views.empty(), first({})), said(1, "p_2", "one"));
  const snapshot = { at: 9, members: [], board: {}, events: [said(9, "p_2", "nine")] };
  const view = views.welcome(known, first({ at: 9, recovered: false, snapshot }));
  deepEqual([view.events.map(({ body }) => body), view.missed], [["one", "nine"], true]);
});

test("a message is shown once, before and after its reply", () => {
  const view = views.fold(views.welcome(views.empty(), first({})), said(1, "p_1", "hi"));
  const outbox = box();
  put(outbox, { op: "say", key: "a", body: "hi" }, { op: "say", key: "b", body: "hi" });
  outbox.out();
  const says = outbox.entries.map((entry) => ({ entry, after: 0 }));
  deepEqual(views.unsent(view, says).map(({ key }) => key), ["b"]);
});

test("a returned ticket keeps its original time", () => {
  let place = queue({ is: "entering" }, { ev: "queued", body: { ticket: "t_1", since: 100 } });
  place = queue(place, { ev: "lobby", body: { waiting: 3, like_you: 2, estimate_ms: 4200, estimate_p90_ms: 9000 } });
  place = queue(place, { ev: "returned", body: { reason: "no_answer" } });
  const numbers = { waiting: 3, like_you: 2, estimate_ms: 4200, estimate_p90_ms: 9000 };
  deepEqual(place, { is: "queued", ticket: "t_1", since: 100, ...numbers });
  const matched = queue(place, { ev: "matched", body: { match: "m_1", room: "m_1", with: ["p_2"] } });
  deepEqual(matched, { is: "matched", room: "m_1", with: ["p_2"] });
  const expired = { is: "out", why: "expired", reason: "waited_too_long" };
  deepEqual(queue(place, { ev: "expired", body: { reason: "waited_too_long" } }), expired);
  equal(queue(place, { ev: "expired", body: { reason: "in_match", room: "m_2" } }).is, "matched");
});

test("a proposal keeps the ticket behind it", () => {
  const queued = queue({ is: "entering" }, { ev: "queued", body: { ticket: "t_1", since: 100, with: ["p_1", "p_2"] } });
  const asked = { match: "m_1", with: ["p_2", "p_3"], until: 900, accepted: false };
  let place = queue(queued, { ev: "proposed", body: asked });
  deepEqual(place, { is: "proposed", ...asked, queued });
  place = queue(place, { ev: "lobby", body: { waiting: 7 } });
  place = queue(place, { ev: "returned", body: { ticket: "t_1", since: 100, reason: "declined" } });
  deepEqual(place, { ...queued, waiting: 7 });
  const out = queue(place, { ev: "expired", body: { reason: "declined", after_ms: 30_000 } });
  deepEqual(out, { is: "out", why: "expired", reason: "declined", after_ms: 30_000 });
});

test("a party event tells the party or its end", () => {
  const party = { party: "0-ab", leader: "p_1", members: [{ player: "p_1", name: "Ana" }], most: 2 };
  deepEqual(party_of({ ev: "party", body: party }), party);
  equal(party_of({ ev: "party", body: { party: null } }), null);
  equal(party_of({ ev: "queued", body: {} }), undefined);
});
