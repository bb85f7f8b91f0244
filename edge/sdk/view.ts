// What a room looks like: every event folded into who is here, what was said, and what stands on the board.

import type { Cell, Event, Json, Member, Presence, Snapshot, Welcome } from "./wire.ts";
import type { Entry } from "./outbox.ts";
import { welcomed } from "./place.ts";
import type { Place } from "./place.ts";

/** How a room ended. */
export type Ending = { reason: "ended" | "abandoned" | "no_show" | "time_up"; by?: string; result: Json };

/** A room as one member sees it. Plain data: it can be put away at a reload and taken up after it. */
export type View = {
  place: Place;
  you: string;
  phase: "open" | "over";
  members: Member[];
  /** What happened, in the one order that everybody has. */
  events: Event[];
  board: Record<string, Cell>;
  /** Everything up to here survives the loss of the machine. */
  durable: number;
  /** Whether something between two of the events is missing, and the server said so. */
  missed: boolean;
  ended: Ending | null;
};

/** Something said here that has no place in the order yet. */
export type Unsent = { key: string; body: Json };

/** Events of a room that are remembered on this side. */
const KEPT = 2_000;

const PRESENCE: Record<string, Presence> = { joined: "here", back: "here", away: "away", left: "left" };

export function empty(): View {
  return {
    place: { epoch: null, at: 0 },
    you: "",
    phase: "open",
    members: [],
    events: [],
    board: {},
    durable: 0,
    missed: false,
    ended: null,
  };
}

/** Takes in the first frame: goes on from where the view was, or begins again from the snapshot. */
export function welcome(view: View, first: Welcome): View {
  const next: View = {
    ...view,
    place: welcomed(view.place, first),
    you: first.you,
    phase: first.phase ?? view.phase,
    durable: first.durable ?? view.durable,
  };
  return first.snapshot ? from_snapshot(next, first.snapshot, view) : { ...next, members: first.members ?? view.members };
}

/** Takes in one event. Each position comes here once; see `place.ts`. */
export function fold(view: View, event: Event): View {
  const next: View = event.at === undefined ? view : { ...view, place: { ...view.place, at: event.at } };
  switch (event.ev) {
    case "durable":
      return { ...next, durable: Math.max(next.durable, event.to ?? 0) };
    case "said":
      return remember(next, event);
    case "set":
      return { ...next, board: write(next.board, event) };
    case "joined":
    case "back":
    case "away":
    case "left":
      return remember({ ...next, members: move(next.members, event) }, event);
    case "ended":
      return remember({ ...next, phase: "over", ended: event.body as unknown as Ending }, event);
    default:
      return next;
  }
}

/** What was said here and is not among the events: every message is shown once, wherever it is on its way. */
export function unsent(view: View, says: { entry: Entry; after: number }[]): Unsent[] {
  const mine = view.events.filter((event) => event.ev === "said" && event.by === view.you);
  const claimed = new Set(says.map(({ entry }) => entry.at).filter((at) => at !== null));
  return says
    .filter(({ entry, after }) => {
      if (entry.at !== null) return entry.at > view.place.at;
      // The event may come before its reply. It is this one's if it says the same and came after.
      const text = JSON.stringify(entry.body);
      const twin = mine.find(({ at = 0, body }) => at > after && !claimed.has(at) && JSON.stringify(body) === text);
      if (twin?.at !== undefined) claimed.add(twin.at);
      return twin === undefined;
    })
    .map(({ entry }) => ({ key: entry.key, body: entry.body ?? null }));
}

function from_snapshot(next: View, snapshot: Snapshot, before: View): View {
  const same_epoch = before.place.epoch === next.place.epoch;
  const first = snapshot.events[0]?.at ?? snapshot.at + 1;
  const known = same_epoch ? before.events.filter((event) => (event.at ?? 0) < first) : [];
  const fresh = { ...next, members: snapshot.members, board: snapshot.board, events: known, ended: before.ended };
  const folded = snapshot.events.reduce((view, event) => (shown(event) ? remember(view, event) : view), fresh);
  const ended = snapshot.events.find((event) => event.ev === "ended");
  const hole = first > (same_epoch ? before.place.at : 0) + 1 || (!same_epoch && before.events.length > 0);
  return {
    ...folded,
    missed: before.missed || hole,
    ended: ended ? (ended.body as unknown as Ending) : folded.ended,
  };
}

function shown(event: Event): boolean {
  return event.ev === "said" || event.ev === "ended" || event.ev in PRESENCE;
}

function remember(view: View, event: Event): View {
  return { ...view, events: [...view.events, event].slice(-KEPT) };
}

function move(members: Member[], { ev, by, body }: Event): Member[] {
  const state = PRESENCE[ev];
  if (by === undefined || state === undefined) return members;
  const name = (body as { name?: string } | undefined)?.name;
  if (!members.some(({ player }) => player === by)) return [...members, { player: by, name: name ?? by, state }];
  return members.map((member) => (member.player === by ? { ...member, name: name ?? member.name, state } : member));
}

/** `null` takes a key off the board. */
function write(board: Record<string, Cell>, { at = 0, body }: Event): Record<string, Cell> {
  const next = { ...board };
  for (const [key, v] of Object.entries((body as { keys?: Record<string, Json> } | undefined)?.keys ?? {})) {
    if (v === null) delete next[key];
    else next[key] = { v, at };
  }
  return next;
}
