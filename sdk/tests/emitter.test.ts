// Tests that the handlers of an application run outside of the client, and that their errors change nothing.

import { deepEqual, equal } from "node:assert/strict";
import { mock, test } from "node:test";
import { last, settle } from "./fake.ts";
import { enter, guest } from "./fake_room.ts";
import { Lobby } from "../src/lobby/lobby.ts";
import { Me } from "../src/presence/me.ts";
import { Room } from "../src/room/room.ts";

const said = (at: number) => ({ at, ev: "said", by: "p_2", ts: 0, body: at });

test("a handler that is added right after the constructor misses nothing", async () => {
  const session = await guest("Ana");
  const seen: string[] = [];
  const room = new Room("ws://room", "m_1", session);
  room.on("changed", () => seen.push(room.connection.get().is));
  await settle();
  last().welcome();
  await settle();
  const lobby = new Lobby("ws://lobby", "a", session, {}, { key: "k1" });
  lobby.on("changed", () => seen.push(lobby.state.get().is));
  await settle();
  const me = new Me({ url: "http://edge", signed_in: () => session });
  me.on("changed", () => seen.push(me.connection.get().is));
  await settle();
  deepEqual(seen, ["connecting", "open", "entering", "connecting"]);
});

test("an error in a handler is reported and changes nothing", async () => {
  const errors: unknown[] = [];
  const hints: string[] = [];
  const room = await enter();
  room.on("changed", () => {
    throw new Error("changed");
  });
  room.on("hint", async ({ by }) => {
    hints.push(by);
    throw new Error("hint");
  });
  room.on("error", (error) => errors.push((error as Error).message));
  const answer = room.say("hi");
  await settle();
  errors.length = 0;
  last().tell({ ev: "hint", by: "p_2", body: 1 }, said(1), { id: 1, ok: { at: 2 } });
  last().tell({ ev: "hint", by: "p_3", body: 1 });
  equal((await answer).at, 2);
  await settle();
  deepEqual(errors.sort(), ["changed", "hint", "hint"]);
  deepEqual([room.connection.get().is, room.view.events.length, hints], ["open", 1, ["p_2", "p_3"]]);
});

test("an error without a handler for it is an uncaught error, also one of that handler", async () => {
  const report = mock.fn();
  Object.assign(globalThis, { reportError: report });
  const fail = (what: string) => () => {
    throw what;
  };
  (await enter()).on("changed", fail("one"));
  last().tell(said(1));
  await settle();
  const room = await enter();
  room.on("changed", fail("two"));
  room.on("error", fail("three"));
  last().tell(said(1));
  await settle();
  const reported = report.mock.calls.map((call) => call.arguments[0] as string);
  deepEqual([...new Set(reported)], ["one", "three"]);
  Reflect.deleteProperty(globalThis, "reportError");
});

test("a frame changes the view once, and a removed handler is not called", async () => {
  let changes = 0;
  const room = await enter();
  const off = room.on("changed", () => (changes += 1));
  last().tell(said(1), said(2), said(3));
  last().tell(said(4));
  await settle();
  equal(changes, 1);
  off();
  last().tell(said(5));
  await settle();
  deepEqual([changes, room.view.position.at], [1, 5]);
});
