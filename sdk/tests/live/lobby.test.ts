// The behaviours of a real deployment that a client sees in lobbies and over HTTP, through the package: parties, proposals, sign-out,
// profiles, follows and history. A name ends with the rules of docs/protocol.md that its test covers.

import { deepEqual, equal, rejects } from "node:assert/strict";
import { afterEach, test } from "node:test";
import { HttpProblem, NotMatched, Refused, SessionLost } from "../../src/index.ts";
import { Me } from "../../src/presence/index.ts";
import { Account, People, Profiles, Records } from "../../src/region/index.ts";
import { close_all, guest, keep, patience, two, until } from "./players.ts";

afterEach(close_all);

test("a party gathers by its code, and is queued by its leader alone [W-321, W-322, W-325, W-327]", async () => {
  const [ana, bo] = await Promise.all([guest("Ana"), guest("Bo")]);
  const [leader, member] = [ana, bo].map((player) => keep(player.open_lobby("doubles", {}, { enter_now: false })));
  if (!leader || !member) throw new Error("no lobbies");
  await Promise.all([leader.opened(patience()), member.opened(patience())]);
  const { party } = await leader.create_party(patience());
  await rejects(member.join_party("9-nothing", patience()), (error) => error instanceof Refused && error.code === "no_party");
  equal((await member.join_party(party, patience())).members.length, 2);
  await until(leader.party, (now) => now?.members.length === 2);
  leader.enter();
  await Promise.all([leader, member].map((lobby) => until(lobby.state, ({ is }) => is === "queued")));
  equal((await member.why(patience())).waiting, 0);
  await leader.withdraw(patience());
  await until(member.state, ({ is }) => is !== "queued");
});

test("a proposal that one declines leaves the other in the queue [W-190, W-330, W-331]", async () => {
  const [ana, bo] = await Promise.all([guest("Ana"), guest("Bo")]);
  const declined = ana.queue("blind-date", {}, { accept: () => false, ...patience() });
  const controller = new AbortController();
  const states: string[] = [];
  const other = bo.queue("blind-date", {}, { changed: ({ is }) => states.push(is), signal: controller.signal });
  await rejects(declined, (error) => error instanceof NotMatched && error.reason === "declined" && (error.after_ms ?? 0) > 0);
  const cem = await guest("Cem");
  const [first, second] = await Promise.all([other, cem.queue("blind-date", {}, patience())]);
  equal(first.room, second.room);
  equal(states.filter((is) => is === "proposed").length >= 2, true);
});

test("a wait that is aborted leaves no ticket [W-171, W-175, W-190]", async () => {
  const ana = await guest("Ana");
  const controller = new AbortController();
  const waiting = ana.queue("speed-dating", {}, { signal: controller.signal, changed: ({ is }) => is === "queued" && controller.abort(new Error("enough")) });
  await rejects(waiting, /enough/);
  const [room] = await two("speed-dating");
  equal(room.members.get().some(({ name }) => name === "Ana"), true);
});

test("a player who signs out is closed, and the login is not renewed [W-301]", async () => {
  const ana = await guest("Ana");
  const session = ana.session.get();
  const me = keep(new Me(ana));
  await me.opened(patience());
  equal((await me.devices(patience())).length >= 1, true);
  equal((await new Account(ana).logins(patience())).length, 1);
  await ana.sign_out(patience());
  const stopped = await until(me.connection, ({ is }) => is === "stopped");
  equal(stopped.is === "stopped" && stopped.log_in, true);
  await rejects(session?.renew() ?? Promise.resolve(), SessionLost);
});

test("profiles, follows, blocks and history are read and written [W-211]", async () => {
  const [ana, bo] = await Promise.all([guest("Ana"), guest("Bo")]);
  const other = bo.session.get()?.player ?? "";
  const profiles = new Profiles(ana);
  const read = await profiles.mine(patience());
  const edited = await profiles.edit({ bio: "Chess at night." }, { if_unchanged: read, ...patience() });
  deepEqual([edited.bio, edited.version > read.version], ["Chess at night.", true]);
  await rejects(profiles.edit({ bio: "late" }, { if_unchanged: read, ...patience() }), (error) => error instanceof HttpProblem && error.code === "version_changed");
  await rejects(profiles.edit({ name: "" }, patience()), (error) => error instanceof HttpProblem && error.status === 400 && error.field !== null);
  equal((await profiles.of(other, patience())).name, "Bo");
  const people = new People(ana);
  await people.follow(other, patience());
  for await (const { player, mutual } of people.follows(patience())) deepEqual([player, mutual], [other, false]);
  await people.unfollow(other, patience());
  await people.block(other, patience());
  for await (const { player } of people.blocks(patience())) equal(player, other);
  await people.unblock(other, patience());
  await people.hide(true, patience());
  equal(await people.is_hidden(patience()), true);
  deepEqual((await new Records(ana).matches(patience())).matches, []);
  equal(await new Account(ana).ban(patience()), null);
});
