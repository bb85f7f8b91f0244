// Tests of the lobby client over reconnects: repeated commands, their keys, and cooldowns.

import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { connections, last, pass, settle } from "./fake.ts";
import { guest } from "./fake_room.ts";
import { Lobby } from "../src/lobby/lobby.ts";

async function come(enter_now = true): Promise<Lobby> {
  const session = await guest("Ana");
  const lobby = new Lobby("ws://edge/v1/lobbies/a", "a", session, { attrs: { lang: "en" } }, { key: "k1", enter_now });
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

test("a moved player reconnects at once and enters once with the same key", async () => {
  const lobby = await come();
  deepEqual(last().received, [{ id: 1, ...entered }]);
  last().end(4201, '{"why":"moved"}');
  await pass(0);
  await settle();
  equal(connections.length, 2);
  last().welcome({ recovered: false, waiting: 0 });
  await settle();
  deepEqual(last().received, [{ id: 2, ...entered }]);
  last().tell({ ev: "queued", body: ticket }, { id: 2, ok: ticket });
  equal(lobby.state.get().is, "queued");
});

test("a reconnected client enters again with the same key", async () => {
  const lobby = await queued();
  last().end(1006);
  await pass(1_000);
  last().welcome({ recovered: true, waiting: 2 });
  await settle();
  deepEqual(last().received, [{ id: 2, ...entered }]);
  const state = lobby.state.get();
  deepEqual(state.is === "queued" && [state.ticket, state.waiting], ["t_1", 5]);
});

test("a proposal is accepted once, and a late accept is harmless", async () => {
  const lobby = await queued();
  last().tell({ ev: "proposed", body: { match: "m_1", with: ["p_2"], until: 9, accepted: false } });
  const answer = lobby.accept();
  const proposed = lobby.state.get();
  equal(proposed.is === "proposed" && proposed.accepted, true);
  await settle();
  equal(last().received[1]?.op, "accept");
  last().tell({ ev: "returned", body: { ...ticket, reason: "declined" } });
  last().tell({ id: 2, err: { code: "not_found", retry: false } });
  await answer;
  equal(lobby.state.get().is, "queued");
});

test("a client enters again by itself after a cooldown", async () => {
  const lobby = await come();
  last().tell({ id: 1, err: { code: "cooldown", retry: true, after_ms: 30_000 } });
  await settle();
  const state = lobby.state.get();
  equal(state.is === "cooldown" && state.until - lobby.skew_ms, Date.now() + 30_000);
  await pass(20_000);
  equal(last().received.length, 1);
  last().tell({ ev: "lobby", body: { waiting: 1 } });
  await pass(10_000);
  deepEqual(last().received[1], { id: 2, ...entered });
});

test("a party gathers before it is queued, and its leader enters for all", async () => {
  const lobby = await come(false);
  deepEqual(last().received, []);
  const made = lobby.create_party();
  await settle();
  const party = { party: "0-ab", leader: "p_1", members: [{ player: "p_1", name: "Ana" }], most: 2 };
  last().tell({ ev: "party", body: party }, { id: 1, ok: party });
  deepEqual(await made, party);
  last().tell({ ev: "party", body: { ...party, members: [...party.members, { player: "p_2", name: "Bo" }] } });
  equal(lobby.party.get()?.members.length, 2);
  lobby.enter();
  await settle();
  deepEqual(last().received[1], { id: 2, ...entered });
  last().tell({ ev: "party", body: { party: null } });
  equal(lobby.party.get(), null);
});
