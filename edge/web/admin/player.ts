// The screen of a player: account, devices, place, logins, history, ratings, reports, notes, and the actions of a moderator.

import { make } from "../parts/dom.ts";
import { path } from "./api.ts";
import type { Page } from "./api.ts";
import { actions } from "./player_actions.ts";
import type { Account, Place } from "./player_actions.ts";
import { notes } from "./notes.ts";
import { report_rows } from "./reports.ts";
import type { Report } from "./reports.ts";
import { loaded, paged } from "./screen.ts";
import type { Context, Screen } from "./screen.ts";
import { badge, facts, find_form, id, json, panel, room_link, table, time } from "./view.ts";

type Login = { sid: string; created: string; used: string; expires: string; agent: string; label: string };
type Rating = { pool: string; rating: number; deviation: number; matches: number; last: string };
type Ban = { ban: string; reason: string; by: string; decided: string; until: string | null; active: boolean; ended?: string; appeal?: { text: string } };
type Match = { match: string; pool: string | null; players: { player: string; name: string }[]; ended: string; reason: string; rating?: { before: number; after: number } };

export const player: Screen = { name: "player", title: "Player", show };

async function show(context: Context): Promise<void> {
  const { main, args, operator } = context;
  const [who] = args;
  main.append(find_form("Open a player by id", "find-player", "p_…", (text) => (location.hash = `#/player/${encodeURIComponent(text)}`)));
  if (who === undefined) return;
  const account = make("div", { class: "place" });
  main.append(account);
  const refresh = async () => {
    const parts: HTMLElement[] = [];
    const acts = actions(context, who, () => read_account(context, who), () => read_place(context, who), refresh);
    if (operator.has("moderation")) parts.push(panel("Account", "account", loaded(context.signal, async () => account_facts(await read_account(context, who)))));
    if (operator.has("players")) parts.push(panel("Place", "place", loaded(context.signal, async () => place_facts(await read_place(context, who)))));
    account.replaceChildren(acts, make("div", { class: "columns" }, ...parts));
  };
  await refresh();
  if (!operator.has("moderation")) {
    main.append(make("p", { class: "muted" }, "The records of a player are for operators with the scope “moderation”."));
    return;
  }
  main.append(notes(context, who), reports_about(context, who), bans(context, who), matches(context, who), ratings(context, who), logins(context, who));
}

function read_account({ operator, signal }: Context, who: string): Promise<Account> {
  return operator.region<Account>(path("/v1/players/", who), signal);
}

function read_place({ operator, signal }: Context, who: string): Promise<Place> {
  return operator.edge<Place>(path("/v1/players/", who, "/inspection"), signal);
}

function account_facts(account: Account): Node[] {
  const { ban } = account;
  const state = ban ? badge("banned", "bad") : badge("may play", "good");
  return [
    facts([
      ["Name", account.name],
      ["State", state],
      ...(ban ? [["Ban", `${ban.reason} (${ban.until === null ? "permanent" : new Date(ban.until).toLocaleString()})`] as [string, string]] : []),
      ["Tier", account.tier],
      ["Presence", account.hidden ? "hidden from others" : "shown to friends"],
      ["Created", time(account.created)],
      ["About", account.bio],
    ]),
    ...(Object.keys(account.attrs).length === 0 ? [] : [json(account.attrs, "Attributes")]),
  ];
}

function place_facts(place: Place): Node[] {
  const { current_match: match } = place;
  const rows = place.devices.map(({ at, since, sid }) => [at.startsWith("room:") ? room_link(at.slice(5)) : at, time(since), sid === null ? null : id(sid)]);
  return [
    facts([
      ["Match", match === null ? "none" : room_link(match.room)],
      ["Owns", place.owned_rooms.length === 0 ? "no open room" : make("span", { class: "links" }, ...place.owned_rooms.map((one) => room_link(one)))],
      ["Me sockets", place.me_sockets],
      ["Unread notices", place.unread_notices],
      ["Unconfirmed calls", place.unconfirmed],
    ]),
    table("Devices", ["Connected to", "Since", "Login"], rows, "Not connected to a room or a queue."),
  ];
}

/** A panel with a list of the region that is read page by page. */
function list<K extends string, T>(context: Context, title: string, name: K, at: string, draw: (items: T[]) => Node): HTMLElement {
  const { operator, signal } = context;
  const read = async (cursor: string) => {
    const page = await operator.region<Page<K, T>>(`${at}?limit=10${cursor}`, signal);
    return { items: page[name] as T[], cursor: page.cursor ?? null };
  };
  return panel(title, `player-${name}`, paged(signal, read, draw));
}

function reports_about(context: Context, who: string): HTMLElement {
  return list<"reports", Report>(context, "Reports about the player", "reports", path("/v1/players/", who, "/reports"), report_rows);
}

function matches(context: Context, who: string): HTMLElement {
  const others = (match: Match) => match.players.filter(({ player }) => player !== who).map(({ name }) => name || "(erased)").join(", ");
  const change = ({ rating }: Match) => (rating === undefined ? null : `${rating.before} → ${rating.after}`);
  const rows = (items: Match[]) => items.map((one) => [room_link(one.match), one.pool, others(one), one.reason, change(one), time(one.ended)]);
  return list<"matches", Match>(context, "Matches", "matches", path("/v1/players/", who, "/matches"), (items) =>
    table("Matches", ["Match", "Pool", "With", "End", "Rating", "Ended"], rows(items), "No match yet."),
  );
}

function bans({ operator, signal }: Context, who: string): HTMLElement {
  const state = (ban: Ban) => (ban.active ? badge("active", "bad") : badge(ban.ended === undefined ? "expired" : "ended"));
  const read = async () => {
    const { bans: all } = await operator.region<Page<"bans", Ban>>(path("/v1/bans/", who), signal);
    const rows = all.map((one) => [state(one), one.reason, time(one.decided), one.until === null ? "permanent" : time(one.until), id(one.by), one.appeal?.text]);
    return [table("Bans", ["State", "Reason", "Decided", "Until", "By", "Appeal"], rows, "Never banned.")];
  };
  return panel("Bans", "player-bans", loaded(signal, read));
}

function ratings({ operator, signal }: Context, who: string): HTMLElement {
  const read = async () => {
    const { ratings: all } = await operator.region<{ ratings: Rating[] }>(path("/v1/profiles/", who, "/ratings"), signal);
    const rows = all.map((one) => [one.pool, Math.round(one.rating), Math.round(one.deviation), one.matches, time(one.last)]);
    return [table("Ratings", ["Pool", "Rating", "Deviation", "Matches", "Last match"], rows, "No rated match yet.")];
  };
  return panel("Ratings", "player-ratings", loaded(signal, read));
}

function logins({ operator, signal }: Context, who: string): HTMLElement {
  const read = async () => {
    const { sessions } = await operator.region<{ sessions: Login[] }>(path("/v1/players/", who, "/sessions"), signal);
    const rows = sessions.map((one) => [one.label, one.agent, time(one.created), time(one.used), id(one.sid)]);
    return [table("Logins", ["Device", "Program", "Signed in", "Last renewed", "Login"], rows, "Signed in nowhere.")];
  };
  return panel("Logins", "player-logins", loaded(signal, read));
}
