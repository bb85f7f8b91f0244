// The view of a room: its events folded into members, messages, board and match.

import type { Cell, Ended, Event, Json, Member, MemberState, RoomEvent, Snapshot, Welcome } from "../wire/wire.ts";
import type { Entry } from "../connection/outbox.ts";
import { after_welcome } from "../connection/log_position.ts";
import type { LogPosition } from "../connection/log_position.ts";
import { canonical } from "../wire/canonical.ts";
import { merge_patch } from "../wire/merge_patch.ts";

/** A room as one member sees it. Plain data, so that a page can save it across a reload. */
export type View = {
  position: LogPosition;
  you: string;
  phase: "open" | "over";
  members: Member[];
  /** The shown events, in the order that all members share. */
  events: RoomEvent[];
  /** Has no prototype, so that it holds no other keys than those of the room. */
  board: Record<string, Cell>;
  /** The name and version of the room's mode, such as `connect-four@1`; `null` where it has none. */
  mode: string | null;
  /** The match at `position`, as this player may see it; `null` before it starts, and without a mode. */
  state: Json;
  /** The players in the order of their seats in the match; empty before it starts. */
  seats: string[];
  /** Events up to this position are on disk. */
  durable: number;
  /** True if events are missing, because the log no longer had them on reconnect. */
  missed: boolean;
  ended: Ended | null;
};

/** A message of this client that has no log position yet. */
export type PendingMessage = { key: string; body: Json };

/** The number of events that the view keeps. */
const KEPT = 2_000;

const PRESENCE: ReadonlyMap<string, MemberState> = new Map([
  ["joined", "here"],
  ["back", "here"],
  ["away", "away"],
  ["left", "left"],
]);

/** The shown events that are not about presence. */
const MESSAGES: readonly string[] = ["said", "end_proposed", "ended"];

/** Returns the view before the first welcome. */
export function empty(): View {
  return {
    position: { epoch: null, at: 0 },
    you: "",
    phase: "open",
    members: [],
    events: [],
    board: copy({}),
    mode: null,
    state: null,
    seats: [],
    durable: 0,
    missed: false,
    ended: null,
  };
}

/**
 * Returns a view that was saved as JSON. One of a version that knew no matches lacks the state to which the patches after its
 * position apply: the room then begins with a snapshot.
 */
export function restored(saved: View): View {
  return saved.state === undefined ? empty() : { ...saved, board: copy(saved.board) };
}

/** Applies a welcome: continues the view, or starts again from the snapshot. */
export function welcome(view: View, first: Welcome): View {
  const next: View = {
    ...view,
    position: after_welcome(view.position, first),
    you: first.you,
    phase: first.phase ?? view.phase,
    mode: first.mode ?? view.mode,
    durable: first.durable ?? view.durable,
  };
  return first.snapshot ? from_snapshot(next, first.snapshot, view) : { ...next, members: first.members ?? view.members };
}

/** Applies one event. Each position arrives here once; see `log_position.ts`. */
export function fold(view: View, event: Event): View {
  const { at = view.position.at } = event;
  const moved: View = at === view.position.at ? view : { ...view, position: { ...view.position, at } };
  const next = is_shown(event) ? remember({ ...moved, members: move(view.members, event) }, event) : moved;
  switch (event.ev) {
    case "durable":
      return { ...next, durable: Math.max(next.durable, event.to) };
    case "set":
      return { ...next, board: write(next.board, event) };
    case "started":
      return { ...next, mode: event.body.mode, seats: event.body.seats, state: event.state };
    case "moved":
      return event.state === undefined ? next : { ...next, state: merge_patch(next.state, event.state) };
    case "ended":
      return { ...next, phase: "over", ended: event.body };
    default:
      return next;
  }
}

/** A message of this client: its command, and the last position seen when it was sent. */
export type SentMessage = { entry: Entry; after: number };

/** Returns messages that are not among the events yet, so that each message is shown once in every state. */
export function unsent(view: View, says: SentMessage[]): PendingMessage[] {
  const found = positions(view, says);
  return says
    .filter(({ entry }) => (entry.at === null ? !found.has(entry.key) : entry.at > view.position.at))
    .map(({ entry }) => ({ key: entry.key, body: (entry.command.body as Json | undefined) ?? null }));
}

/**
 * Finds the events of messages that have no reply yet, and returns their positions by key. An event may arrive before the
 * reply: it belongs to the first such message with an equal body that was sent before it.
 */
export function positions(view: View, says: SentMessage[]): Map<string, number> {
  const mine = view.events.filter((event) => event.ev === "said" && event.by === view.you);
  const claimed = new Set(says.map(({ entry }) => entry.at).filter((at) => at !== null));
  const found = new Map<string, number>();
  for (const { entry, after } of says) {
    if (entry.at !== null || !entry.sent) continue;
    const text = canonical(entry.command.body);
    const twin = mine.find(({ at = 0, body }) => at > after && !claimed.has(at) && canonical(body) === text);
    if (twin?.at === undefined) continue;
    claimed.add(twin.at);
    found.set(entry.key, twin.at);
  }
  return found;
}

function from_snapshot(next: View, snapshot: Snapshot, before: View): View {
  const known = before.position.epoch === next.position.epoch ? before : empty();
  const first = snapshot.events[0]?.at ?? snapshot.at + 1;
  const fresh: View = {
    ...next,
    // The state is that after all events of the snapshot, so the moves among them are not applied again.
    state: snapshot.state ?? null,
    seats: snapshot.seats ?? [],
    members: snapshot.members,
    board: copy(snapshot.board),
    events: known.events.filter((event) => (event.at ?? 0) < first),
    missed: before.missed || first > known.position.at + 1 || (known !== before && before.events.length > 0),
  };
  const ended = snapshot.events.find((event) => event.ev === "ended");
  return { ...snapshot.events.filter(is_shown).reduce(remember, fresh), ended: ended ? ended.body : before.ended };
}

function is_shown(event: Event): event is RoomEvent {
  return MESSAGES.includes(event.ev) || PRESENCE.has(event.ev);
}

function remember(view: View, event: RoomEvent): View {
  return { ...view, events: [...view.events, event].slice(-KEPT) };
}

function move(members: Member[], { ev, by, body }: RoomEvent): Member[] {
  const state = PRESENCE.get(ev);
  if (by === undefined || state === undefined) return members;
  const name = ev === "joined" || ev === "back" ? body.name : undefined;
  if (!members.some(({ player }) => player === by)) return [...members, { player: by, name: name ?? by, state }];
  return members.map((member) => (member.player === by ? { ...member, name: name ?? member.name, state } : member));
}

/** Applies a `set` event to the board; `null` removes a key. */
function write(board: Record<string, Cell>, { at = 0, body }: RoomEvent & { ev: "set" }): Record<string, Cell> {
  const next = copy(board);
  for (const [key, v] of Object.entries(body.keys)) {
    if (v === null) delete next[key];
    else next[key] = { v, at };
  }
  return next;
}

/** Copies a board. Its keys are any strings, `__proto__` among them, so the copy must not have a prototype. */
function copy(board: Record<string, Cell>): Record<string, Cell> {
  return Object.assign(Object.create(null), board) as Record<string, Cell>;
}
