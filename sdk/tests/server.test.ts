// Tests of the fake server, as the author of an application uses it.

import { deepEqual, equal, rejects } from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Refused } from "../src/index.ts";
import type { Matchpoint, Mode, Room } from "../src/index.ts";
import { FakeServer } from "../src/test/index.ts";
import type { FakeGame, FakeServerOptions } from "../src/test/index.ts";

type Count = Mode<{ count: number; turn: number }, { add: number }>;

/** Players take turns in adding to a number. */
const game: FakeGame = {
  mode: "count@1",
  start: () => ({ count: 0, turn: 0 }),
  move: (state, move, seat) => {
    const { count, turn } = state as Count["state"];
    if (turn !== seat) throw { code: "not_your_turn", why: "not_your_turn" };
    return { count: count + (move as Count["move"]).add, turn: 1 - turn };
  },
};

const servers: FakeServer[] = [];

function start(options: FakeServerOptions = {}): FakeServer {
  const server = new FakeServer(options);
  servers.push(server);
  return server;
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function matched(server: FakeServer): Promise<[Matchpoint, Room<Count>, Room<Count>]> {
  const [ana, bo] = await Promise.all([server.player("Ana"), server.player("Bo")]);
  const [one, two] = await Promise.all([ana.queue("test"), bo.queue("test")]);
  equal(one.room, two.room);
  return [ana, await ana.room<Count>(one.room), await bo.room<Count>(two.room)];
}

/** Waits until a store has a value that fits. */
function until<T>(store: { subscribe(run: (value: T) => void): () => void }, fits: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    const off = store.subscribe((value) => {
      if (!fits(value)) return;
      queueMicrotask(() => off());
      resolve(value);
    });
  });
}

test("two players are matched, talk, and read what they said", async () => {
  const [, ana, bo] = await matched(start());
  const heard = new Promise<unknown>((resolve) => bo.on("said", ({ body }) => resolve(body)));
  const sent = ana.say({ text: "hello" });
  deepEqual(await heard, { text: "hello" });
  equal((await sent.durable).at, (await sent).at);
  await until(ana.members, (members) => members.every(({ state }) => state === "here"));
  deepEqual(ana.members.get().map(({ name }) => name).sort(), ["Ana", "Bo"]);
  await bo.end({ winner: null });
  await until(ana.phase, (phase) => phase === "over");
});

test("a function decides the moves", async () => {
  const [, ana, bo] = await matched(start({ game }));
  await until(ana.state, (state) => state !== null);
  const first = ana.seat === 0 ? [ana, bo] : [bo, ana];
  await first[0]?.move({ add: 2 });
  await rejects(first[0]?.move({ add: 2 }) as Promise<unknown>, (error) => error instanceof Refused && error.code === "not_your_turn");
  await first[1]?.move({ add: 3 });
  deepEqual(ana.state.get(), { count: 5, turn: 0 });
  await until(bo.state, (state) => state?.count === 5);
});

test("a lost connection resumes, and a repeated message arrives once", async () => {
  const server = start();
  const [, ana, bo] = await matched(server);
  server.cut();
  const all = Promise.all([ana.say("one"), ana.say("two"), bo.say("three")]);
  await all;
  await until(bo.unsent, (unsent) => unsent.length === 0);
  const texts = server.rooms.get(ana.id)?.log.after(0, "p_1").filter(({ ev }) => ev === "said").map(({ body }) => body);
  deepEqual(texts?.sort(), ["one", "three", "two"]);
  server.rooms.get(ana.id)?.lose_epoch();
  server.cut("p_1");
  const snapshot = new Promise<void>((resolve) => ana.on("snapshot", () => resolve()));
  await snapshot;
  equal(ana.view.events.filter(({ ev }) => ev === "said").length, 3);
});

test("a move whose reply is lost with the connection is made once", async () => {
  let server: FakeServer | null = null;
  let moves = 0;
  const losing: FakeGame = {
    ...game,
    move: (state, move, seat) => {
      moves += 1;
      server?.cut();
      return game.move(state, move, seat);
    },
  };
  server = start({ game: losing });
  const [, ana, bo] = await matched(server);
  await until(ana.state, (state) => state !== null);
  await (ana.seat === 0 ? ana : bo).move({ add: 2 });
  await until(bo.state, (state) => state?.count === 2);
  equal(moves, 1);
});

test("a proposal starts a match once all accept it", async () => {
  const server = start({ pools: { duel: { propose: true } } });
  const [ana, bo] = await Promise.all([server.player("Ana"), server.player("Bo")]);
  const asked: string[] = [];
  const accept = ({ with: others }: { with: string[] }) => asked.push(...others) > 0;
  const matches = await Promise.all([ana.queue("duel", {}, { accept }), bo.queue("duel", {}, { accept })]);
  deepEqual([matches[0]?.room, asked.sort()], [matches[1]?.room, ["p_1", "p_2"]]);
});

test("a server that closes ends all connections for good", async () => {
  const server = start();
  const [, ana] = await matched(server);
  server.close();
  equal((await until(ana.connection, ({ is }) => is === "stopped")).is, "stopped");
});

test("other requests are answered by the application's own function", async () => {
  const server = start({ http: (_, path, __, player) => (path === "/v1/blocks" ? { blocks: [], by: player } : null) });
  const ana = await server.player("Ana");
  deepEqual(await ana.region("/v1/blocks"), { blocks: [], by: "p_1" });
  await rejects(ana.region("/v1/follows"), /answer it with/);
  await ana.sign_out();
  await rejects(ana.queue("test"), /No player/);
});
