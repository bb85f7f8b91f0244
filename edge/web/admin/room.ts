// The screen of a room: seats, sockets, log, board, mode state, and the actions of an operator. It asks before it wakes the room.

import { make } from "../parts/dom.ts";
import { is_missing, path, problem } from "./api.ts";
import { ask } from "./ask.ts";
import { load } from "./screen.ts";
import type { Context, Screen } from "./screen.ts";
import { room_actions } from "./room_actions.ts";
import { log } from "./room_log.ts";
import { badge, button, facts, find_form, json, panel, player_link, table, time } from "./view.ts";

/** A room as the edge shows it to operators. */
export type Inspection = {
  room: string;
  pool: string | null;
  phase: string;
  created: number;
  owner: string | null;
  head: number;
  durable: number;
  epoch: number;
  members: { player: string; name: string; state: string; team?: number }[];
  sockets: { conn: number; player: string; role: string; seen: number | null; level: string; unsent_bytes: number | null }[];
  board: Record<string, unknown>;
  unconfirmed: number;
  woken: boolean;
  game?: { mode: string; changed_at: number; wake_at: number | null; state: unknown; seats?: unknown[] };
};

type Recorded = { match: { ended: string; reason: string; result: unknown; players: { player: string; name: string }[] }; replay?: unknown };

const STATES: Record<string, "good" | "late" | "quiet"> = { here: "good", away: "late" };

export const room: Screen = { name: "room", title: "Room", show };

function show(context: Context): void {
  const { main, args, operator } = context;
  const [which] = args;
  main.append(find_form("Open a room by id", "find-room", "m_…", (text) => (location.hash = `#/room/${encodeURIComponent(text)}`)));
  if (which === undefined) return;
  const place = make("div", { class: "place", "data-testid": "room-place" });
  const choices = make("div", { class: "row" });
  const look = (hidden: boolean, reason: string) => load(place, context.signal, () => inspect(context, which, hidden, reason, () => void look(false, "")));
  if (operator.has("rooms")) {
    choices.append(button("Look into the room", "look", () => look(false, ""), "main"));
    if (operator.has("inspect_hidden")) choices.append(button("With hidden state…", "look-hidden", () => look_hidden(look)));
  }
  if (operator.has("moderation")) choices.append(button("Read its record", "record", () => load(place, context.signal, () => record(context, which))));
  const note = "A look wakes the room if it rests, which costs a little. The page looks only when you ask it to. The record of an ended match wakes nothing.";
  main.append(panel("Look", "room-look", make("p", { class: "muted" }, note), choices), place);
}

/** Asks for the reason first: a look at hidden state is in the audit trail. */
function look_hidden(look: (hidden: boolean, reason: string) => Promise<void>): Promise<boolean> {
  const text = "You will see what the players hide from each other. Do not use it to play.";
  return ask({ title: "Look at hidden state", text, yes: "Look" }, (reason) => look(true, reason));
}

async function inspect(context: Context, which: string, hidden: boolean, reason: string, refresh: () => void): Promise<Node[]> {
  const { operator } = context;
  let seen: Inspection;
  try {
    seen = await operator.edge<Inspection>(path("/v1/rooms/", which, `/inspection${hidden ? "?hidden=1" : ""}`), context.signal, reason);
  } catch (error) {
    if (!is_missing(error)) throw error;
    return [make("p", { class: "fault", "data-testid": "room-gone" }, `${problem(error)} Its record has what is left of it.`)];
  }
  return [
    make("div", { class: "columns" }, state(seen), room_actions(context, seen, refresh)),
    seats(context, seen, refresh),
    sockets(seen),
    ...(seen.game === undefined ? [] : [game(seen.game)]),
    log(context, which, seen.head),
    panel("Board", "room-board", Object.keys(seen.board).length === 0 ? make("p", { class: "muted" }, "The board is empty.") : json(seen.board, "Board as JSON")),
  ];
}

function state(seen: Inspection): HTMLElement {
  const rest = seen.woken ? badge("was at rest; this look woke it", "late") : badge("was awake", "good");
  rest.dataset.testid = "rest";
  return panel(
    "Room",
    "room-state",
    facts([
      ["Phase", seen.phase],
      ["Rest", rest],
      ["Pool", seen.pool],
      ["Owner", seen.owner === null ? null : player_link(seen.owner)],
      ["Created", time(seen.created)],
      ["Newest event", seen.head],
      ["On disk up to", seen.durable],
      ["Log epoch", seen.epoch],
      ["Unconfirmed calls", seen.unconfirmed],
    ]),
  );
}

function seats({ operator }: Context, seen: Inspection, refresh: () => void): HTMLElement {
  const put_out = (player: string, name: string) => async () => {
    const act = (reason: string) => operator.act("edge", "POST", path("/v1/rooms/", seen.room, "/commands"), reason, { op: "kick", to: player });
    if (await ask({ title: `Put ${name || player} out`, text: "The player's socket closes, and the seat is given up.", yes: "Put out" }, act)) refresh();
  };
  const rows = seen.members.map(({ player, name, state: how, team }) => [
    player_link(player, name),
    badge(how, STATES[how] ?? "quiet"),
    team,
    how === "left" ? null : button("Put out…", "put-out", put_out(player, name)),
  ]);
  return panel("Seats", "room-seats", table("Seats", ["Player", "State", "Team", ""], rows, "No player has a seat."));
}

function sockets(seen: Inspection): HTMLElement {
  const rows = seen.sockets.map(({ conn, player, role, seen: cursor, level, unsent_bytes }) => [
    conn,
    player_link(player),
    role,
    cursor === null ? "confirms none" : cursor,
    cursor === null ? null : seen.head - cursor,
    unsent_bytes === null ? "not shown here" : unsent_bytes,
    badge(level, level === "all" ? "good" : "late"),
  ]);
  return panel("Sockets", "room-sockets", table("Sockets", ["Socket", "Player", "Role", "Cursor", "Events behind", "Unread bytes", "Receives"], rows, "No socket is open."));
}

function game({ mode, changed_at, wake_at, state: public_state, seats: hidden }: NonNullable<Inspection["game"]>): HTMLElement {
  const views = (hidden ?? []).map((view, seat) => make("figure", {}, make("figcaption", {}, `Seat ${seat}, with what it hides`), json(view, `View of seat ${seat}`)));
  return panel(
    `Mode ${mode}`,
    "room-game",
    facts([
      ["Last changed by event", changed_at],
      ["Wakes", time(wake_at)],
    ]),
    make("figure", {}, make("figcaption", {}, "As a spectator sees it"), json(public_state, "View of a spectator")),
    views.length === 0
      ? make("p", { class: "muted", "data-testid": "no-hidden" }, "What the seats hide is shown with the scope “inspect_hidden” alone.")
      : make("div", { class: "columns", "data-testid": "hidden-state" }, ...views),
  );
}

async function record({ operator, signal }: Context, which: string): Promise<Node[]> {
  const { match, replay } = await operator.region<Recorded>(path("/v1/matches/", which), signal);
  const players = make("span", { class: "links" }, ...match.players.map(({ player, name }) => player_link(player, name)));
  const shown = panel(
    "Record",
    "room-record",
    facts([
      ["Players", players],
      ["End", match.reason],
      ["Ended", time(match.ended)],
    ]),
    json(match.result, "Result"),
    replay === undefined ? "" : make("details", {}, make("summary", {}, "Replay"), json(replay, "Replay")),
  );
  return [shown];
}
