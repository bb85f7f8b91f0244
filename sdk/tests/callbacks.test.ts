// Tests that the handlers of an application run outside of the client, and that their errors change nothing.

import { deepEqual, equal } from "node:assert/strict";
import { mock, test } from "node:test";
import { last, settle } from "./fake.ts";
import { Lobby } from "../src/lobby/lobby.ts";
import { Me } from "../src/me/me.ts";
import { Room } from "../src/room/room.ts";
import type { RoomHandlers } from "../src/room/room.ts";
import { Session } from "../src/session/session.ts";

const said = (at: number) => ({ at, ev: "said", by: "p_2", ts: 0, body: at });

async function open(handlers: RoomHandlers): Promise<Room> {
  const session = await Session.guest("http://region", "Ana", null);
  const room: Room = new Room("ws://edge/v1/rooms/m_1", "m_1", session, handlers);
  await settle();
  last().welcome();
  return room;
}

test("a handler may use the object that its constructor has not returned yet", async () => {
  const session = await Session.guest("http://region", "Ana", null);
  const seen: string[] = [];
  const room: Room = new Room("ws://room", "m_1", session, { changed: () => seen.push(room.connection.is) });
  await settle();
  last().welcome();
  await settle();
  const lobby: Lobby = new Lobby("ws://lobby", "a", session, {}, "k1", { changed: () => seen.push(lobby.state.is) });
  await settle();
  const me: Me = new Me("ws://me", session, { changed: () => seen.push(me.connection.is) });
  await settle();
  deepEqual(seen, ["connecting", "open", "entering", "connecting"]);
});

test("an error in a handler is reported and changes nothing", async () => {
  const errors: unknown[] = [];
  const hints: string[] = [];
  const room = await open({
    changed: () => {
      throw new Error("changed");
    },
    hint: async (by) => {
      hints.push(by);
      throw new Error("hint");
    },
    error: (error) => errors.push((error as Error).message),
  });
  const answer = room.say("hi");
  await settle();
  errors.length = 0;
  last().tell({ ev: "hint", by: "p_2", body: 1 }, said(1), { id: 1, ok: { at: 2 } });
  last().tell({ ev: "hint", by: "p_3", body: 1 });
  equal(await answer, 2);
  await settle();
  deepEqual(errors.sort(), ["changed", "hint", "hint"]);
  deepEqual([room.connection.is, room.view.events.length, hints], ["open", 1, ["p_2", "p_3"]]);
});

test("an error without a handler for it is an uncaught error, also one of that handler", async () => {
  const report = mock.fn();
  Object.assign(globalThis, { reportError: report });
  const fail = (what: string) => () => {
    throw what;
  };
  await open({ changed: fail("one") });
  await settle();
  await open({ changed: fail("two"), error: fail("three") });
  await settle();
  const reported = report.mock.calls.map((call) => call.arguments[0] as string);
  deepEqual([...new Set(reported)], ["one", "three"]);
  Reflect.deleteProperty(globalThis, "reportError");
});

test("a frame changes the view once, and a removed handler is not called", async () => {
  let changes = 0;
  const room = await open({});
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
