// Tests of a match in a room: its state over resumes and snapshots, moves that are repeated, and moves without a reply.

import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { last, pass, settle } from "./fake.ts";
import { enter, guest } from "./fake_room.ts";
import { Refused } from "../src/wire/refused.ts";
import { Room } from "../src/room/room.ts";
import { ConnectionClosed } from "../src/connection/closed.ts";
import type { Json } from "../src/wire/wire.ts";

const seats = ["p_1", "p_2"];
const started = { at: 1, ev: "started", ts: 0, body: { mode: "connect-four@1", seats }, state: { board: {}, turn: 0 } };
const moved = (at: number, by: string | null, state?: Json, more: object = {}) => ({ at, ev: "moved", ts: 0, ...(by && { by }), ...(state !== undefined && { state }), ...more });
const drop = (at: number, by: string, square: string, seat: number) =>
  moved(at, by, { board: { [square]: seat }, turn: 1 - seat }, { body: { by: seat, square } });
const ended = (at: number) => ({ at, ev: "ended", ts: 0, body: { by: null, reason: "mode", result: null, outcome: { ranks: [1, 2], draw: false, why: "x" } } });

/** Opens a room whose match has started. */
async function play(): Promise<Room> {
  const room = await enter();
  last().tell(started);
  return room;
}

/** Loses the connection after what was sent, and opens the next one. */
async function lose(): Promise<void> {
  await settle();
  last().end(1006);
  await pass(5_000);
}

async function reopen(saved: unknown): Promise<Room> {
  const view = JSON.parse(JSON.stringify(saved)) as Room["view"];
  const room = new Room("ws://edge/v1/rooms/m_1", "m_1", await guest("Ana"), { view });
  await settle();
  return room;
}

test("the state is null before the match, and follows each of its events", async () => {
  const room = await enter();
  deepEqual([room.state.get(), room.seat, room.seats], [null, null, []]);
  last().tell(started, drop(2, "p_1", "d1", 0));
  deepEqual([room.seat, room.seats, room.view.mode], [0, seats, "connect-four@1"]);
  const before = room.state.get();
  last().tell(drop(3, "p_2", "d2", 1), moved(4, null));
  deepEqual(room.state.get(), { board: { d1: 0, d2: 1 }, turn: 0 });
  deepEqual(before, { board: { d1: 0 }, turn: 1 });
});

test("a spectator has no seat", async () => {
  const room = await enter();
  last().tell({ ...started, body: { mode: "connect-four@1", seats: ["p_2", "p_3"] } });
  equal(room.seat, null);
});

test("a resumed connection applies each patch once", async () => {
  const room = await play();
  last().tell(moved(2, "p_2", { log: ["a"], turn: 1 }));
  await lose();
  equal(last().url.endsWith("at=2"), true);
  last().welcome({ at: 3, replayed: 1, mode: "connect-four@1" });
  last().tell(moved(2, "p_2", { turn: null }), moved(3, "p_1", { turn: 0 }));
  deepEqual(room.state.get(), { board: {}, turn: 0, log: ["a"] });
});

test("a page that was reloaded goes on from the state that it saved", async () => {
  const room = await play();
  last().tell(drop(2, "p_1", "d1", 0));
  const again = await reopen(room.view);
  deepEqual([again.state.get(), again.seat, last().url.endsWith("?epoch=e1&at=2")], [{ board: { d1: 0 }, turn: 1 }, 0, true]);
  last().welcome({ at: 3, replayed: 1 });
  last().tell(drop(3, "p_2", "d2", 1));
  deepEqual(again.state.get(), { board: { d1: 0, d2: 1 }, turn: 0 });
});

test("a view without a state, of an earlier version, begins with a snapshot", async () => {
  const room = await play();
  const { state: _, ...older } = room.view;
  const again = await reopen(older);
  equal(last().url, "ws://edge/v1/rooms/m_1");
  last().welcome({ at: 1, recovered: false, snapshot: { at: 1, members: [], board: {}, events: [started], state: { turn: 0 }, seats } });
  deepEqual([again.state.get(), again.view.missed], [{ turn: 0 }, false]);
});

test("a snapshot brings the state after all its events", async () => {
  const room = await play();
  const events = [started, drop(2, "p_1", "d1", 0), drop(3, "p_2", "d2", 1)];
  await lose();
  const state = { board: { d1: 0, d2: 1 }, turn: 0 };
  last().welcome({ epoch: "e2", at: 3, recovered: false, snapshot: { at: 3, members: [], board: {}, events, state, seats } });
  last().tell(drop(4, "p_1", "a1", 0));
  deepEqual(room.state.get(), { board: { d1: 0, d2: 1, a1: 0 }, turn: 1 });
  // A snapshot of a room whose match has not started.
  await lose();
  last().welcome({ epoch: "e3", at: 0, recovered: false, snapshot: { at: 0, members: [], board: {}, events: [] } });
  deepEqual([room.state.get(), room.seats], [null, []]);
});

test("each event of a match has the state after it, and a snapshot has the whole view", async () => {
  const room = await enter();
  const seen: unknown[] = [];
  room.on("event", (event) => seen.push(event.ev === "snapshot" ? event.view.state : event));
  last().tell(started, moved(2, "p_1", { turn: 1 }, { body: "b", private: "p" }), moved(3, null, { turn: 0 }));
  await settle();
  const next = { at: 2, ev: "moved", ts: 0, by: "p_1", state: { board: {}, turn: 1 }, body: "b", private: "p" };
  deepEqual(seen, [started, next, { at: 3, ev: "moved", ts: 0, state: { board: {}, turn: 0 } }]);
  await lose();
  last().welcome({ epoch: "e2", at: 9, recovered: false, snapshot: { at: 9, members: [], board: {}, events: [], state: { turn: 7 }, seats } });
  await settle();
  deepEqual(seen.slice(3), [{ turn: 7 }]);
});

test("a move is sent with its condition, and repeated with the same key after a lost reply", async () => {
  const room = await play();
  const answer = room.move({ drop: 3 }, { if_at: 1, durable: true });
  await settle();
  const { key } = last().received[0] ?? {};
  const command = { op: "move", key, body: { drop: 3 }, if_at: 1, ack: "durable" };
  deepEqual(last().received, [{ id: 1, ...command }]);
  await lose();
  last().welcome({ at: 1 });
  await settle();
  deepEqual(last().received, [{ id: 2, ...command }]);
  last().tell({ id: 2, ok: { at: 2 } });
  equal((await answer).at, 2);
});

test("a refused move tells the code, the mode's word and the text", async () => {
  const room = await play();
  for (const code of ["illegal", "not_your_turn", "too_late"]) {
    const answer = room.move({ drop: 3 });
    await settle();
    last().tell({ id: last().received.at(-1)?.id, err: { code, retry: false, why: "column_full", message: "Full." } });
    await rejects(answer, (error) => error instanceof Refused && error.code === code && error.why === "column_full" && error.message === "Full.");
  }
  const late = room.move({ drop: 3 }, { if_at: 1 });
  await settle();
  last().tell({ id: last().received.at(-1)?.id, err: { code: "conflict", retry: true, at: 5 } });
  await rejects(late, (error) => error instanceof Refused && error.at === 5);
});

test("the last move of a match resolves without its reply, if its event is there", async () => {
  const room = await play();
  const [answered, won] = [room.move({ drop: 0 }), room.move({ drop: 1 })];
  await settle();
  last().tell({ id: 1, ok: { at: 2 } });
  equal((await answered).at, 2);
  await lose();
  last().welcome({ at: 4, replayed: 3 });
  last().tell(drop(2, "p_1", "a1", 0), drop(3, "p_1", "b1", 0), ended(4));
  last().end(4007);
  equal((await won).at, 3);
});

test("a move that no event shows was not executed before the end", async () => {
  const room = await play();
  const late = room.move({ drop: 0 });
  await lose();
  last().welcome({ at: 3, replayed: 2 });
  last().tell(drop(2, "p_2", "a1", 1), ended(3));
  last().end(4007);
  await rejects(late, (error) => error instanceof Refused && error.code === "room_over");
});

test("a move stays unknown where the events do not tell which one was executed, or are missing", async () => {
  const room = await play();
  const both = Promise.allSettled([room.move({ drop: 0 }), room.move({ drop: 1 })]);
  await lose();
  last().welcome({ at: 3, replayed: 2 });
  last().tell(drop(2, "p_1", "a1", 0), ended(3));
  last().end(4007);
  for (const one of await both) equal(one.status === "rejected" && one.reason instanceof ConnectionClosed, true);

  const other = await play();
  const unknown = other.move({ drop: 0 });
  await lose();
  const snapshot = { at: 9, members: [], board: {}, events: [ended(9)], state: { turn: 0 }, seats };
  last().welcome({ at: 9, recovered: false, snapshot });
  last().end(4007);
  await rejects(unknown, ConnectionClosed);
});

test("a snapshot with the event of a move settles it", async () => {
  const room = await play();
  const won = room.move({ drop: 0 });
  await lose();
  const events = [started, drop(2, "p_1", "a1", 0), ended(3)];
  last().welcome({ at: 3, recovered: false, snapshot: { at: 3, members: [], board: {}, events, state: { turn: 1 }, seats } });
  last().end(4007);
  equal((await won).at, 2);
});

test("a new epoch repeats a move, but not one with a condition", async () => {
  const room = await play();
  const [free, conditional] = [room.move({ drop: 0 }), room.move({ drop: 1 }, { if_at: 1 })];
  const refused = rejects(conditional, (error) => error instanceof Refused && error.code === "conflict" && error.at === 1);
  await lose();
  last().welcome({ epoch: "e2", at: 1, recovered: false, snapshot: { at: 1, members: [], board: {}, events: [started], state: started.state, seats } });
  await settle();
  deepEqual(last().received.map(({ body }) => body), [{ drop: 0 }]);
  last().tell({ id: last().received[0]?.id, ok: { at: 2 } });
  equal((await free).at, 2);
  await refused;
});

test("a resync repeats a move with a condition: its epoch is the same", async () => {
  const room = await play();
  const conditional = room.move({ drop: 1 }, { if_at: 1 });
  await settle();
  last().tell({ ev: "resync" });
  await pass(0);
  const events = [started, drop(2, "p_1", "b1", 0)];
  last().welcome({ at: 2, recovered: false, snapshot: { at: 2, members: [], board: {}, events, state: started.state, seats } });
  await settle();
  deepEqual(last().received.map(({ body }) => body), [{ drop: 1 }]);
  last().tell({ id: last().received[0]?.id, ok: { at: 2 } });
  equal((await conditional).at, 2);
});
