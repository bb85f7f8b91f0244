// The behaviours of a real deployment that a client sees in a room, through the package: order, resume, keys, durability, refusals,
// moves. A name ends with the rules of docs/protocol.md that its test covers.

import { deepEqual, equal, rejects } from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Refused } from "../../src/index.ts";
import type { ConnectFour, Room } from "../../src/index.ts";
import { close_all, guest, keep, patience, two, until } from "./players.ts";

afterEach(close_all);

const texts = (room: Room) => room.view.events.filter(({ ev }) => ev === "said").map(({ body }) => body);
const refused = (code: string) => (error: unknown) => error instanceof Refused && error.code === code;

test("all members have the same messages at the same positions, over lost connections [W-001, W-020, W-060, W-062, W-090, W-091, W-095, W-111, W-120]", async () => {
  const [ana, bo] = await two("speed-dating");
  const numbers = Array.from({ length: 60 }, (_, n) => n);
  const sent = Promise.all(numbers.map((n) => (n % 2 === 0 ? ana : bo).say(n)));
  bo.disconnect(200);
  ana.disconnect(100);
  const positions = (await sent).map(({ at }) => at);
  equal(new Set(positions).size, 60);
  const all = (room: Room) => room.select(() => texts(room).length);
  await Promise.all([until(all(ana), (count) => count === 60), until(all(bo), (count) => count === 60)]);
  deepEqual(texts(ana), texts(bo));
  deepEqual([...(texts(ana) as number[])].sort((a, b) => a - b), numbers);
  deepEqual([ana.view.missed, bo.view.missed], [false, false]);
});

test("a page that saved its view resumes from there [W-120, W-128, W-201]", async () => {
  const [ana, bo] = await two("speed-dating");
  await ana.say("before");
  await until(bo.select(() => texts(bo).length), (count) => count === 1);
  const player = await guest("Cem");
  const id = await player.create_room({ seats: 1 }, patience());
  const room = keep(await player.room(id, patience()));
  await room.say("one");
  const view = JSON.parse(JSON.stringify(room.view)) as Room["view"];
  await room.say("two");
  room.close();
  const again = keep(await player.room(id, { view, ...patience() }));
  await until(again.select(() => texts(again).length), (count) => count === 2);
  deepEqual([texts(again), again.view.missed, again.view.position.epoch === view.position.epoch], [["one", "two"], false, true]);
});

test("a message is accepted, and then durable [W-093, W-094]", async () => {
  const [ana] = await two("speed-dating");
  const sent = ana.say("hello");
  const { at } = await sent;
  equal((await sent.durable).at, at);
  await until(ana.select(({ durable }) => durable), (durable) => durable >= at);
  equal((await ana.say("now", { durable: true })).at, at + 1);
});

test("refusals have their codes, and a conflict the position of the newer write [W-061, W-084, W-100, W-103, W-104, W-139, W-150, W-345]", async () => {
  const [ana, bo] = await two<{ board: { turn: string } }>("speed-dating");
  const { at } = await ana.set({ turn: "a" });
  await rejects(bo.set({ turn: "b" }, { if_at: at - 1 }), (error) => refused("conflict")(error) && (error as Refused).at === at);
  await bo.set({ turn: "b" }, { if_at: at });
  await until(ana.board, ({ turn }) => turn?.v === "b");
  await rejects(ana.say("x".repeat(9_000)), refused("too_long"));
  await rejects(ana.kick("p_nobody_here"), refused("forbidden"));
  await rejects(ana.signal("p_nobody_here", 1), refused("not_found"));
  await rejects(ana.move({}), refused("forbidden"));
  await ana.end({ winner: "a" });
  await until(bo.phase, (phase) => phase === "over");
});

test("a match is played to its end over lost connections, and its rules are kept [W-340, W-341, W-342, W-343, W-344, W-348]", async () => {
  const [ana, bo] = await two<ConnectFour>("connect-four");
  await Promise.all([ana, bo].map((room) => until(room.state, (state) => state !== null)));
  const [first, second] = ana.seat === 0 ? [ana, bo] : [bo, ana];
  await rejects(second.move({ drop: 0 }), (error) => refused("not_your_turn")(error) && (error as Refused).why !== undefined);
  await rejects(first.move({ drop: 9 }), refused("illegal"));
  for (let round = 0; round < 3; round += 1) {
    const moved = first.move({ drop: 0 });
    if (round === 1) first.disconnect(100);
    await moved;
    await second.move({ drop: 1 });
  }
  await rejects(first.move({ drop: 0 }, { if_at: 1 }), refused("conflict"));
  await first.move({ drop: 0 });
  await Promise.all([ana, bo].map((room) => until(room.select(({ ended }) => ended), (ended) => ended !== null)));
  deepEqual([ana.view.ended?.reason, ana.view.ended?.outcome?.ranks, bo.view.ended?.outcome?.ranks], ["mode", [1, 2], [1, 2]]);
});

test("a spectator reads and may not speak [W-143, W-144]", async () => {
  const player = await guest("Ana");
  const id = await player.create_room({ seats: 2, rules: { spectators: true } }, patience());
  const room = keep(await player.room(id, patience()));
  const spectator = keep(await (await guest("Bo")).room(id, { watch: true, ...patience() }));
  await room.say("hello");
  await until(spectator.select(() => texts(spectator).length), (count) => count === 1);
  await rejects(spectator.say("hi"), refused("forbidden"));
});
