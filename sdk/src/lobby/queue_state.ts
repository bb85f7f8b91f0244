// The state of a player in a queue, updated event by event.

import type { Event, Party, Refusal } from "../wire/wire.ts";

/** The size of the queue, including this player, and estimates of the wait. */
export type QueueStats = {
  waiting: number | null;
  /** Waiting players with the same attributes and wants. */
  like_you: number | null;
  /** The median wait of recent players. */
  estimate_ms: number | null;
  /** The 90th percentile of recent waits. */
  estimate_p90_ms: number | null;
};

/** A ticket in the queue. `with` is the whole party, if there is one. */
export type Queued = QueueStats & { is: "queued"; ticket: string; since: number; with?: string[] };

/** A proposed match. `queued` is the ticket that returns to the queue if the match is not made. */
export type Proposed = {
  is: "proposed";
  match: string;
  with: string[];
  teams?: string[][];
  until: number;
  accepted: boolean;
  queued: Queued | null;
};

/** The state of the player. Times are by the server's clock; see `Lobby.skew_ms`. */
export type QueueState =
  /** Connected to the lobby without a ticket. */
  | { is: "idle" }
  | { is: "entering" }
  /** The player declined or missed a proposal; the client enters again by itself at `until`. */
  | { is: "cooldown"; until: number }
  | Queued
  | Proposed
  | { is: "matched"; room: string; with: string[]; teams?: string[][] }
  | { is: "out"; why: "left" | "expired" | "refused" | "closed"; reason?: string; after_ms?: number; refusal?: Refusal };

export const NO_STATS: QueueStats = { waiting: null, like_you: null, estimate_ms: null, estimate_p90_ms: null };

/** Returns the state after an event of the lobby. */
export function fold(state: QueueState, event: Event, initial: Partial<QueueStats> = {}): QueueState {
  const previous = state.is === "queued" ? state : state.is === "proposed" ? state.queued : null;
  switch (event.ev) {
    case "queued":
    case "returned": {
      const { ticket, since } = event.body;
      const party = event.ev === "queued" && event.body.with ? event.body.with : previous?.with;
      return {
        ...NO_STATS,
        ...initial,
        ...previous,
        is: "queued",
        ticket: ticket ?? previous?.ticket ?? "",
        since: since ?? previous?.since ?? Date.now(),
        ...(party && { with: party }),
      };
    }
    case "lobby":
      if (state.is === "queued") return { ...state, ...queue_stats(event.body, state) };
      if (state.is === "proposed" && previous) return { ...state, queued: { ...previous, ...queue_stats(event.body, previous) } };
      return state;
    case "proposed": {
      const { match, teams, until, accepted } = event.body;
      return { is: "proposed", match, with: event.body.with, ...(teams && { teams }), until, accepted, queued: previous };
    }
    case "matched": {
      const { room, teams } = event.body;
      return { is: "matched", room, with: event.body.with, ...(teams && { teams }) };
    }
    case "expired": {
      const { room, reason, after_ms } = event.body;
      // The ticket expired because the player is in a match already.
      if (room !== undefined) return { is: "matched", room, with: [] };
      return { is: "out", why: "expired", ...(reason && { reason }), ...(after_ms !== undefined && { after_ms }) };
    }
    default:
      return state;
  }
}

/** Reads the statistics of an event or a welcome. An omitted estimate is unknown from then on. */
export function queue_stats(body: Partial<QueueStats>, previous: Partial<QueueStats> = {}): QueueStats {
  return {
    waiting: body.waiting ?? previous.waiting ?? null,
    like_you: body.like_you ?? previous.like_you ?? null,
    estimate_ms: body.estimate_ms ?? null,
    estimate_p90_ms: body.estimate_p90_ms ?? null,
  };
}

/** Returns the party of a `party` event, `null` if the player is in none, `undefined` for other events. */
export function party_of(event: Event): Party | null | undefined {
  if (event.ev !== "party") return undefined;
  const { body } = event;
  return body.party === null || body.members.length === 0 ? null : body;
}
