// Tests of commands whose replies were lost: each settles, with what the room shows of it.

import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { last, pass, settle } from "./fake.ts";
import { enter, guest } from "./fake_room.ts";
import { Lobby } from "../src/lobby/lobby.ts";
import { Refused } from "../src/wire/refused.ts";
import { ConnectionClosed } from "../src/connection/closed.ts";
import type { Json } from "../src/wire/wire.ts";

/** Loses the connection after a command was sent, and opens the next one. */
async function lose(): Promise<void> {
  await settle();
  last().end(1006);
  await pass(5_000);
}

const ended = (at: number, by: string | null) => ({ at, ev: "ended", by, ts: 0, body: { by, reason: "ended", result: null } });

test("a leave without a reply resolves when the room refuses the seat, or is over", async () => {
  for (const code of [4005, 4007, 4011]) {
    const room = await enter();
    const left = room.leave();
    await lose();
    last().end(code);
    await left;
    equal(room.connection.get().is, "stopped", String(code));
  }
});

test("a leave that was never sent does not count a refused seat as its effect", async () => {
  const room = await enter();
  last().end(1006);
  const left = room.leave();
  await pass(1_000);
  last().end(4005);
  await rejects(left, ConnectionClosed);
});

test("an end without a reply resolves when the room shows that this player ended it", async () => {
  const room = await enter();
  const done = room.end({ winner: "p_1" });
  await lose();
  last().welcome({ at: 1, replayed: 1 });
  last().tell(ended(1, "p_1"));
  last().end(4007);
  await done;
});

test("an end is refused when the room shows that it ended otherwise", async () => {
  for (const by of ["p_2", null]) {
    const room = await enter();
    const done = room.end();
    await lose();
    last().welcome({ at: 1, replayed: 1 });
    last().tell(ended(1, by));
    last().end(4007);
    await rejects(done, (error) => error instanceof Refused && error.code === "room_over");
  }
});

test("an end without a reply resolves when all members agreed on its result", async () => {
  const results: [Json, boolean][] = [[{ winner: "p_1", by: ["p_2", 3] }, true], [{ winner: "p_2", by: ["p_2", 3] }, false]];
  for (const [mine, is_agreed] of results) {
    const room = await enter();
    const done = room.end(mine);
    await lose();
    last().welcome({ at: 1, replayed: 1 });
    // The room sorts the names of a result.
    last().tell({ at: 1, ev: "ended", ts: 0, body: { by: null, reason: "agreed", result: { by: ["p_2", 3], winner: "p_1" } } });
    last().end(4007);
    if (is_agreed) await done;
    else await rejects(done, Refused);
  }
});

test("a message without a reply resolves with its position if it is in the room", async () => {
  const room = await enter();
  const [one, two, three] = [room.say("same"), room.say("same"), room.say("lost")];
  await lose();
  last().welcome({ at: 3, replayed: 3 });
  const said = (at: number, body: string) => ({ at, ev: "said", by: "p_1", ts: 0, body });
  last().tell(said(1, "same"), said(2, "same"), ended(3, "p_2"));
  last().end(4007);
  deepEqual([(await one).at, (await two).at], [1, 2]);
  await rejects(three, ConnectionClosed);
});

test("a message is recognized although the room has sorted its names", async () => {
  const room = await enter();
  const sent = room.say({ text: '"', by: [{ z: 1, a: 2 }] });
  await lose();
  last().welcome({ at: 1, replayed: 1 });
  last().tell({ at: 1, ev: "said", by: "p_1", ts: 0, body: { by: [{ a: 2, z: 1 }], text: '"' } });
  deepEqual(room.unsent.get(), []);
  last().end(4007);
  equal((await sent).at, 1);
});

test("every command settles when the connection stops", async () => {
  const room = await enter();
  const all = [room.say("a"), room.set({ k: 1 }), room.signal("p_2", 1), room.leave(), room.end()];
  room.close();
  for (const one of await Promise.allSettled(all)) {
    deepEqual([one.status, one.status === "rejected" && one.reason instanceof ConnectionClosed], ["rejected", true]);
  }
  await rejects(room.say("late"), ConnectionClosed);
});

test("a conflict is told at once", async () => {
  const room = await enter();
  const written = room.set({ k: 1 }, { if_at: 3 });
  await settle();
  last().tell({ id: 1, err: { code: "conflict", retry: true, at: 5 } });
  await rejects(written, (error) => error instanceof Refused && error.at === 5);
});

test("commands are repeated in a new epoch, although their old positions were durable", async () => {
  const room = await enter();
  const answer = room.say("hi");
  await settle();
  const { key } = last().received[0] ?? {};
  last().tell({ id: 1, ok: { at: 1 } });
  equal((await answer).at, 1);
  await lose();
  // The process was lost with the message: the position now belongs to another event.
  last().welcome({ epoch: "e2", at: 4, durable: 4, recovered: false, snapshot: { at: 4, members: [], board: {}, events: [] } });
  await settle();
  deepEqual(last().received, [{ id: 2, op: "say", key, body: "hi" }]);
});

test("the durable position of a welcome drops the commands up to it", async () => {
  const room = await enter();
  for (const [id, at] of [[1, 1], [2, 2]]) {
    const answer = room.say(at ?? 0);
    await settle();
    last().tell({ id, ok: { at } });
    await answer;
  }
  await lose();
  last().welcome({ at: 2, durable: 1 });
  await settle();
  deepEqual(last().received.map(({ body }) => body), [2]);
  last().tell({ ev: "durable", to: 2 });
  await lose();
  last().welcome({ at: 2, durable: 2 });
  await settle();
  deepEqual(last().received, []);
});

test("a lobby does not enter again before a leave whose reply was lost", async () => {
  const session = await guest("Ana");
  const lobby = new Lobby("ws://edge/v1/lobbies/a", "a", session, {}, { key: "k1" });
  await settle();
  last().welcome({ recovered: false });
  await settle();
  const ticket = { ticket: "t_1", since: 5, key: "k1" };
  last().tell({ ev: "queued", body: ticket }, { id: 1, ok: ticket });
  await settle();
  const left = lobby.withdraw();
  await lose();
  last().welcome({ recovered: true });
  await settle();
  deepEqual(last().received.map(({ op }) => op), ["leave"]);
  last().tell({ id: last().received[0]?.id, err: { code: "no_ticket", retry: false } });
  await left;
  equal(lobby.state.get().is, "idle");
});
