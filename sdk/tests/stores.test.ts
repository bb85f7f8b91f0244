// Tests of stores and of events as an iterator.

import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { last, settle } from "./fake.ts";
import { enter } from "./fake_room.ts";
import { iterate } from "../src/events/queue.ts";
import { variable } from "../src/events/store.ts";
import type { RoomEvent } from "../src/room/events.ts";

const said = (at: number, body = "x") => ({ at, ev: "said", by: "p_2", ts: 0, body });
const joined = (at: number, by: string) => ({ at, ev: "joined", by, ts: 0, body: { name: by } });

test("a store tells its value now, and each change once", () => {
  const store = variable(1);
  const seen: number[] = [];
  const off = store.subscribe((value) => seen.push(value));
  store.set(2);
  store.set(2);
  off();
  store.set(3);
  deepEqual([seen, store.get()], [[1, 2], 3]);
});

test("a part of a room is the same reference until it changes", async () => {
  const room = await enter();
  last().tell(joined(1, "p_2"), { at: 2, ev: "set", by: "p_2", ts: 0, body: { keys: { turn: "p_2" } } });
  const [members, board, unsent, phase] = [room.members.get(), room.board.get(), room.unsent.get(), room.phase.get()];
  let told = 0;
  room.members.subscribe(() => (told += 1));
  last().tell(said(3));
  await settle();
  deepEqual([room.members.get() === members, room.board.get() === board, room.unsent.get() === unsent, told], [true, true, true, 1]);
  last().tell(joined(4, "p_3"));
  await settle();
  notEqual(room.members.get(), members);
  deepEqual([told, phase], [2, "open"]);
});

test("unsent messages are one list until one is sent or arrives", async () => {
  const room = await enter();
  const before = room.unsent.get();
  void room.say("hi").catch(() => {});
  const unsent = room.unsent.get();
  notEqual(unsent, before);
  await settle();
  equal(room.unsent.get(), unsent);
  last().tell({ ...said(1, "hi"), by: "p_1" });
  deepEqual(room.unsent.get(), []);
  room.close();
});

test("a loop receives the events in order, and ends with the connection", async () => {
  const room = await enter();
  const seen: RoomEvent["ev"][] = [];
  const loop = (async () => {
    for await (const event of room.events()) seen.push(event.ev);
  })();
  last().tell(joined(1, "p_2"), said(2), { at: 3, ev: "skip" }, { ev: "hint", by: "p_2", body: 1 }, { ev: "durable", to: 3 });
  await settle();
  last().end(4007);
  await loop;
  deepEqual(seen, ["joined", "said", "hint"]);
});

test("a loop ends when it is left or its signal aborts", async () => {
  const room = await enter();
  const controller = new AbortController();
  const first = (async () => {
    for await (const event of room.events()) if (event.ev === "said") return event.body;
    return null;
  })();
  const second = (async () => {
    for await (const _ of room.events({ signal: controller.signal }));
  })();
  last().tell(said(1, "found"));
  equal(await first, "found");
  controller.abort(new Error("stop"));
  await rejects(second, /stop/);
});

test("a loop that reads too slowly fails", async () => {
  let push: (event: number) => void = () => {};
  const events = iterate<number>({ listen: (to) => ((push = to), () => {}) });
  for (let n = 0; n < 10_001; n += 1) push(n);
  await rejects(events.next(), RangeError);
});
