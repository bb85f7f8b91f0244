// Tests of the two promises of a command, and of calls that an application aborts.

import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { connections, last, pass, settle } from "./fake.ts";
import { enter, guest } from "./fake_room.ts";
import { ConnectionClosed } from "../src/connection/closed.ts";
import { Room } from "../src/room/room.ts";
import { Refused } from "../src/wire/refused.ts";

const id = (): unknown => last().received.at(-1)?.id;

/** Says something in a room, and has it accepted at position 1. */
async function accepted(room: Room): Promise<ReturnType<Room["say"]>["durable"][]> {
  const sent = room.say("hi");
  await settle();
  last().tell({ id: id(), ok: { at: 1 } });
  equal((await sent).at, 1);
  return [sent.durable];
}

test("the second promise of a message waits for the disk", async () => {
  const room = await enter();
  const [durable] = await accepted(room);
  let at = 0;
  void durable?.then((done) => (at = done.at));
  await settle();
  equal(at, 0);
  last().tell({ ev: "durable", to: 1 });
  await settle();
  equal(at, 1);
});

test("a message that was lost with its epoch is durable at its new position", async () => {
  const room = await enter();
  const [durable] = await accepted(room);
  last().end(1006);
  await pass(1_000);
  last().welcome({ epoch: "e2", at: 4, recovered: false, snapshot: { at: 4, members: [], board: {}, events: [] } });
  await settle();
  last().tell({ id: id(), ok: { at: 5 } }, { ev: "durable", to: 5 });
  deepEqual(await durable, { at: 5 });
});

test("a message that is refused when it is repeated is not durable", async () => {
  const room = await enter();
  const [durable] = await accepted(room);
  last().end(1006);
  await pass(1_000);
  last().welcome({ epoch: "e2", at: 4, recovered: false, snapshot: { at: 4, members: [], board: {}, events: [] } });
  await settle();
  last().tell({ id: id(), err: { code: "room_over", retry: false } });
  await rejects(durable as Promise<unknown>, Refused);
});

test("a message that was lost, and is refused for a while when it is repeated, is repeated again", async () => {
  const room = await enter();
  const [durable] = await accepted(room);
  last().end(1006);
  await pass(1_000);
  last().welcome({ epoch: "e2", at: 4, recovered: false, snapshot: { at: 4, members: [], board: {}, events: [] } });
  await settle();
  last().tell({ id: id(), err: { code: "unavailable", retry: true, after_ms: 500 } });
  await pass(500);
  last().tell({ id: id(), ok: { at: 6 } }, { ev: "durable", to: 6 });
  deepEqual(await durable, { at: 6 });
});

test("both promises fail when the connection stops, and an unused second one is not reported", async () => {
  const room = await enter();
  const [durable] = await accepted(room);
  const sent = room.say("two");
  room.close();
  await rejects(sent, ConnectionClosed);
  await rejects(durable as Promise<unknown>, (error) => error instanceof ConnectionClosed && error.code === 1000);
});

test("an aborted command is not sent again, and an aborted signal sends nothing", async () => {
  const room = await enter();
  const controller = new AbortController();
  const sent = room.say("lost", { signal: controller.signal });
  await settle();
  last().end(1006);
  controller.abort(new Error("no longer"));
  await rejects(sent, /no longer/);
  await rejects(room.say("never", { signal: controller.signal }), /no longer/);
  await pass(1_000);
  last().welcome();
  await settle();
  deepEqual([last().received, room.unsent.get()], [[], []]);
});

test("a refusal has the fields of the wire, and the message of the server", async () => {
  const room = await enter();
  const sent = room.say("x");
  await settle();
  last().tell({ id: id(), err: { code: "too_long", retry: false, field: "body", message: "At most 8 KiB." } });
  await rejects(sent, (error) => {
    const { code, retry, field, message, name } = error as Refused;
    deepEqual([code, retry, field, message, name], ["too_long", false, "body", "At most 8 KiB.", "Refused"]);
    return error instanceof Refused;
  });
});

test("the owner removes a member, and a report has a key", async () => {
  const room = await enter();
  const kicked = room.kick("p_2");
  const reported = room.report("p_2", { reason: "spam" });
  await settle();
  const [kick, report] = last().received;
  deepEqual([kick?.op, kick?.to, report?.op, report?.to, report?.body], ["kick", "p_2", "report", "p_2", { reason: "spam" }]);
  equal(String(report?.key).length, 24);
  last().tell({ id: kick?.id, ok: { at: 1 } }, { id: report?.id, ok: { report: "r_1" } });
  deepEqual([await kicked, await reported], [{ at: 1 }, { report: "r_1" }]);
});

test("a room that refuses the player fails to open, and an aborted opening stops waiting", async () => {
  const refused = new Room("ws://edge/v1/rooms/m_1", "m_1", await guest("Ana"));
  const opening = refused.opened();
  await settle();
  last().end(4005, '{"why":"no_seat"}');
  await rejects(opening, (error) => error instanceof ConnectionClosed && error.code === 4005 && error.why === "no_seat");
  const late = new Room("ws://edge/v1/rooms/m_1", "m_1", await guest("Ana"));
  await rejects(late.opened({ signal: AbortSignal.abort(new Error("enough")) }), /enough/);
});

test("a spectator says so at each opening", async () => {
  const room = new Room("ws://edge/v1/rooms/m_1", "m_1", await guest("Ana"), { watch: true });
  await settle();
  equal(last().url, "ws://edge/v1/rooms/m_1?watch=1");
  last().welcome();
  room.disconnect(10);
  await pass(10);
  deepEqual([connections.length, last().url], [2, "ws://edge/v1/rooms/m_1?epoch=e1&at=0&watch=1"]);
});
