// A place in a queue over a connection that comes and goes: what is said again, by which key, and what is waited out.

import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { dialled, last, pass, settle } from "./fake.ts";
import { Lobby } from "./lobby.ts";
import { Session } from "./session.ts";

async function come(at_once = true): Promise<Lobby> {
  const session = await Session.guest("http://region", "Ana", null);
  const lobby = new Lobby("ws://edge/v1/lobbies/a", "a", session, { attrs: { lang: "en" } }, "k1", {}, at_once);
  await settle();
  last().welcome({ recovered: false, waiting: 4, estimate_ms: 900 });
  await settle();
  return lobby;
}

const entered = { op: "enter", key: "k1", body: { attrs: { lang: "en" }, wants: [] } };
const ticket = { ticket: "t_1", since: 5, key: "k1" };

async function queued(): Promise<Lobby> {
  const lobby = await come();
  last().tell({ ev: "queued", body: ticket }, { id: 1, ok: ticket });
  await settle();
  return lobby;
}

test("somebody who belongs elsewhere goes there at once, and enters by the same key, once", async () => {
  const lobby = await come();
  deepEqual(last().said, [{ id: 1, ...entered }]);
  last().end(4201, '{"why":"moved"}');
  await pass(0);
  await settle();
  equal(dialled.length, 2);
  last().welcome({ recovered: false, waiting: 0 });
  await settle();
  deepEqual(last().said, [{ id: 2, ...entered }]);
  last().tell({ ev: "queued", body: ticket }, { id: 2, ok: ticket });
  equal(lobby.place.is, "queued");
});

test("a connection that is back asks for its place again", async () => {
  const lobby = await queued();
  last().end(1006);
  await pass(1_000);
  last().welcome({ recovered: true, waiting: 2 });
  await settle();
  deepEqual(last().said, [{ id: 2, ...entered }]);
  deepEqual(lobby.place.is === "queued" && [lobby.place.ticket, lobby.place.waiting], ["t_1", 5]);
});

test("a proposal is accepted once, and too late is no fault", async () => {
  const lobby = await queued();
  last().tell({ ev: "proposed", body: { match: "m_1", with: ["p_2"], until: 9, accepted: false } });
  const answer = lobby.accept();
  equal(lobby.place.is === "proposed" && lobby.place.accepted, true);
  await settle();
  equal(last().said[1]?.op, "accept");
  last().tell({ ev: "returned", body: { ...ticket, reason: "declined" } });
  last().tell({ id: 2, err: { code: "not_found", retry: false } });
  await answer;
  equal(lobby.place.is, "queued");
});

test("a cooldown is told, waited out, and then the place is asked for", async () => {
  const lobby = await come();
  last().tell({ id: 1, err: { code: "cooldown", retry: true, after_ms: 30_000 } });
  await settle();
  equal(lobby.place.is === "cooling" && lobby.place.until - lobby.skew_ms, Date.now() + 30_000);
  await pass(20_000);
  equal(last().said.length, 1);
  last().tell({ ev: "lobby", body: { waiting: 1 } });
  await pass(10_000);
  deepEqual(last().said[1], { id: 2, ...entered });
});

test("a party gathers before anybody is queued, and its leader takes it in", async () => {
  const lobby = await come(false);
  deepEqual(last().said, []);
  const made = lobby.make_party();
  await settle();
  const party = { party: "0-ab", leader: "p_1", members: [{ player: "p_1", name: "Ana" }], most: 2 };
  last().tell({ ev: "party", body: party }, { id: 1, ok: party });
  deepEqual(await made, party);
  last().tell({ ev: "party", body: { ...party, members: [...party.members, { player: "p_2", name: "Bo" }] } });
  equal(lobby.party?.members.length, 2);
  lobby.enter();
  await settle();
  deepEqual(last().said[1], { id: 2, ...entered });
  last().tell({ ev: "party", body: { party: null } });
  equal(lobby.party, null);
});
