// Tests of a room connection with lost replies, gaps, refusals and restarts, under a fake clock.

import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { answer_refresh, connections, happen, last, listening, pass, refreshed, set_clock, settle, show_page } from "./fake.ts";
import { enter, guest } from "./fake_room.ts";
import { Room } from "../src/room/room.ts";

/** Returns why the connection waits; null if it does not. */
function why_waiting(room: Room): string | null {
  const state = room.connection.get();
  return state.is === "waiting" ? state.why : null;
}

const texts = (room: Room) => room.view.events.map(({ body }) => body);
const said = (at: number, body: string, by = "p_2") => ({ at, ev: "said", by, ts: 0, body });

test("a command with a lost reply is repeated with the same key, and its message is shown once", async () => {
  const room = await enter();
  const answer = room.say("hi");
  await settle();
  const { key } = last().received[0] ?? {};
  last().tell(said(1, "hi", "p_1"));
  last().end(1006);
  await pass(1000);
  equal(last().url, "ws://edge/v1/rooms/m_1?epoch=e1&at=1");
  last().welcome({ at: 1 });
  await settle();
  deepEqual(last().received, [{ id: 2, op: "say", key, body: "hi" }]);
  deepEqual([texts(room), room.unsent.get()], [["hi"], []]);
  last().tell({ id: 2, ok: { at: 1 } });
  equal((await answer).at, 1);
});

test("a duplicate is dropped, and a gap makes the client resume before it", async () => {
  const room = await enter();
  last().tell(said(1, "one"), said(1, "one"), { at: 2, ev: "skip" }, said(3, "three"));
  last().tell(said(5, "five"));
  await pass(0);
  equal(last().url.endsWith("at=3"), true);
  last().welcome({ at: 5, replayed: 2 });
  last().tell(said(4, "four"), said(5, "five"));
  deepEqual(texts(room), ["one", "three", "four", "five"]);
});

test("a resync makes the client start from a snapshot", async () => {
  const room = await enter();
  last().tell(said(1, "one"), { ev: "resync" });
  await pass(0);
  equal(last().url, "ws://edge/v1/rooms/m_1");
  last().welcome({ at: 9, recovered: false, snapshot: { at: 9, members: [], board: {}, events: [said(9, "nine")] } });
  last().tell(said(10, "ten"));
  deepEqual([texts(room), room.view.missed], [["one", "nine", "ten"], true]);
});

test("an expired token is renewed once, and the client reconnects", async () => {
  await enter();
  last().end(4300, '{"why":"token_expired"}');
  await pass(0);
  await settle();
  deepEqual([refreshed, last().token, connections.length], [["r0"], "matchpoint.bearer.t1", 2]);
});

test("a client does not reconnect to an ended room", async () => {
  const room = await enter();
  last().end(4007, '{"why":"room_over"}');
  await pass(60_000);
  deepEqual([room.connection.get().is, connections.length], ["stopped", 1]);
});

test("the first frame after the welcome is a ping, so that a later close is told of at once", async () => {
  const room = await enter();
  equal(last().pings, 1);
  last().onmessage?.({ data: "pong" });
  await pass(24_999);
  deepEqual([last().pings, room.connection.get().is], [1, "open"]);
});

test("silence after a ping ends the connection, and a pong keeps it", async () => {
  const room = await enter();
  last().onmessage?.({ data: "pong" });
  await pass(25_000);
  equal(last().pings, 2);
  await pass(1);
  last().onmessage?.({ data: "pong" });
  await pass(10_000);
  equal(room.connection.get().is, "open");
  await pass(15_000);
  await pass(10_000);
  equal(room.connection.get().is, "waiting");
});

test("silence is noticed although the time to answer is longer than the interval of pings", async () => {
  const room = await enter();
  last().welcome({ heartbeat: { every_ms: 5_000, grace_ms: 12_000 } });
  await pass(11_999);
  equal(room.connection.get().is, "open");
  await pass(1);
  equal(why_waiting(room), "silent");
});

test("the welcome is no answer to the first ping", async () => {
  const room = await enter();
  await pass(10_000);
  equal(why_waiting(room), "silent");
});

test("an event before the welcome has the client open the room again", async () => {
  const room = new Room("ws://edge/v1/rooms/m_1", "m_1", await guest("Ana"));
  await settle();
  last().tell(said(1, "one"));
  deepEqual([why_waiting(room), texts(room)], ["behind", []]);
});

test("the seen position is sent at most every five seconds, and only after new events", async () => {
  await enter();
  last().tell(said(1, "one"), said(2, "two"));
  await pass(4_999);
  deepEqual(last().received, []);
  await pass(1);
  deepEqual(last().received, [{ op: "seen", body: { at: 2 } }]);
  await pass(20_000);
  equal(last().received.length, 1);
});

test("a hint without a connection is lost", async () => {
  const room = await enter();
  room.disconnect(1_000);
  room.hint({ typing: true });
  await pass(1_000);
  last().welcome();
  await settle();
  deepEqual(last().received, []);
});

test("a newer token reaches the open connection before the old one expires", async () => {
  await enter();
  await live(550_000);
  deepEqual([last().received, connections.length], [[{ op: "auth", body: { token: "t1" } }], 1]);
});

test("a failed renewal on an open connection is tried again before the token expires", async () => {
  await enter();
  let down = true;
  answer_refresh(async () => {
    if (down) throw new TypeError("no network");
    return new Response(JSON.stringify({ access_token: "t9", expires_in: 600, refresh_token: "r9" }));
  });
  await live(545_000);
  deepEqual([last().received, connections.length], [[], 1]);
  down = false;
  await live(5_000);
  deepEqual([last().received, connections.length], [[{ op: "auth", body: { token: "t9" } }], 1]);
});

/** Lets time pass on a connection that answers its pings. */
async function live(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 2_500) {
    await pass(Math.min(left, 2_500));
    last().onmessage?.({ data: "pong" });
  }
  await settle();
}

test("a clock set by 40 days causes no loop of renewals", async () => {
  for (const days of [40, -40]) {
    const room = await enter();
    set_clock(days * 24 * 3_600_000);
    const before = refreshed.length;
    await live(3_000_000);
    // A token lives 600 s and is renewed after 540 s.
    equal(refreshed.length - before <= 7 && refreshed.length - before >= 5, true, `${days} days: ${refreshed.length - before}`);
    equal(last().received.filter(({ op }) => op === "auth").length <= 7, true);
    room.close();
  }
});

test("the wait between failed attempts grows, and begins again after a stable connection", async () => {
  const room = await enter();
  const waits = async (count: number) => {
    const all: number[] = [];
    for (let attempt = 0; attempt < count; attempt += 1) {
      last().end(1006);
      const connection = room.connection.get();
      if (connection.is !== "waiting") return all;
      all.push(connection.until - Date.now());
      await pass(30_000);
    }
    return all;
  };
  deepEqual(await waits(8), [750, 1_250, 2_250, 4_250, 8_250, 15_250, 15_250, 15_250]);
  // A connection that is lost soon after its welcome has not proved anything.
  last().welcome();
  await pass(9_000);
  deepEqual(await waits(1), [15_250]);
  last().welcome();
  await live(12_500);
  deepEqual(await waits(2), [750, 1_250]);
});

test("an offline device drops its connection at once, and returns when it is online", async () => {
  const room = await enter();
  const socket = last();
  await happen("offline");
  deepEqual([room.connection.get().is, socket.readyState, connections.length], ["waiting", 3, 1]);
  equal(why_waiting(room), "offline");
  await happen("online");
  deepEqual([room.connection.get().is, connections.length], ["connecting", 2]);
  room.close();
  await happen("online");
  deepEqual([connections.length, listening()], [2, 0]);
});

test("a page that is looked at again checks its connection at once", async () => {
  show_page("hidden");
  const room = await enter();
  await happen("visibilitychange");
  equal(last().pings, 1);
  show_page("visible");
  await pass(1);
  await happen("visibilitychange");
  equal(last().pings, 2);
  await pass(10_000);
  equal(room.connection.get().is, "waiting");
});

test("a connection that gave way stands by, and never closes the newer one", async () => {
  const room = await enter();
  last().end(4006, '{"why":"taken_over"}');
  equal(why_waiting(room), "taken_over");
  await pass(750);
  equal(last().url.endsWith("&yield=1"), true);
  last().end(4006, '{"why":"taken_over"}');
  await pass(1_000);
  equal(connections.length, 2);
  await pass(250);
  equal(connections.length, 3);
  last().welcome();
  equal(room.connection.get().is, "open");
  // Other losses do not give way.
  last().end(1006);
  await pass(2_250);
  equal(last().url, "ws://edge/v1/rooms/m_1?epoch=e1&at=0");
});

test("a hidden page that gave way asks again only when it is looked at", async () => {
  show_page("hidden");
  const room = await enter();
  last().end(4008, '{"why":"too_many_devices"}');
  await pass(60_000);
  deepEqual([room.connection.get().is, connections.length], ["waiting", 1]);
  show_page("visible");
  await happen("visibilitychange");
  equal(last().url.endsWith("&yield=1"), true);
});

test("a connection that was refused from the start stops", async () => {
  const session = await guest("Ana");
  const room = new Room("ws://edge/v1/rooms/m_1", "m_1", session);
  await settle();
  last().end(4008, '{"why":"too_many_devices"}');
  equal(room.connection.get().is, "stopped");
});

test("an unreadable frame has the client open the room again", async () => {
  const room = await enter();
  last().onmessage?.({ data: '{"ev":' });
  equal(room.connection.get().is, "waiting");
});

test("an address that no socket takes stops the connection", async () => {
  const original = globalThis.WebSocket;
  const refuse = class {
    constructor() {
      throw new SyntaxError("address");
    }
  };
  Object.assign(globalThis, { WebSocket: refuse });
  const room = new Room("nonsense", "m_1", await guest("Ana"));
  await settle();
  Object.assign(globalThis, { WebSocket: original });
  equal(room.connection.get().is, "stopped");
});
