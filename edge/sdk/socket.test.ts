// Tests of a room connection with lost replies, gaps, refusals and restarts, under a fake clock.

import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { connections, last, pass, refreshed, settle } from "./fake.ts";
import { Room } from "./room.ts";
import { Session } from "./session.ts";

const texts = (room: Room) => room.view.events.map(({ body }) => body);
const said = (at: number, body: string, by = "p_2") => ({ at, ev: "said", by, ts: 0, body });

async function enter(): Promise<Room> {
  const session = await Session.guest("http://region", "Ana", null);
  const room = new Room("ws://edge/v1/rooms/m_1", "m_1", session, {});
  await settle();
  last().welcome();
  return room;
}

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
  deepEqual([texts(room), room.unsent], [["hi"], []]);
  last().tell({ id: 2, ok: { at: 1 } });
  equal(await answer, 1);
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
  deepEqual([refreshed, last().token, connections.length], [1, "matchpoint.bearer.t1", 2]);
});

test("a client does not reconnect to an ended room", async () => {
  const room = await enter();
  last().end(4007, '{"why":"room_over"}');
  await pass(60_000);
  deepEqual([room.connection.is, connections.length], ["stopped", 1]);
});

test("silence after a ping ends the connection, and a pong keeps it", async () => {
  const room = await enter();
  await pass(25_000);
  equal(last().pings, 1);
  await pass(1);
  last().onmessage?.({ data: "pong" });
  await pass(10_000);
  equal(room.connection.is, "open");
  await pass(15_000);
  await pass(10_000);
  equal(room.connection.is, "waiting");
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
  for (let beat = 0; beat < 22; beat += 1) {
    await pass(25_000);
    last().onmessage?.({ data: "pong" });
  }
  await settle();
  deepEqual([last().received, connections.length], [[{ op: "auth", body: { token: "t1" } }], 1]);
});
