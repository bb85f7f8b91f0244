// What one knows of one's place in a queue, event by event.

import type { Event, Fault, Json } from "./wire.ts";

/** How many wait, oneself among them, and a guess at how long. */
export type Numbers = {
  waiting: number | null;
  /** Of them, how many are and want the same as oneself. */
  like_you: number | null;
  /** Half of the last ones waited no longer. */
  estimate_ms: number | null;
  /** Nine of ten did. */
  estimate_p90_ms: number | null;
};

/** A ticket. `with` is the whole party, where one did not come alone. */
export type Queued = Numbers & { is: "queued"; ticket: string; since: number; with?: string[] };

/** A match that waits for everybody's word. `queued` is the place one keeps if it comes to nothing. */
export type Proposed = {
  is: "proposed";
  match: string;
  with: string[];
  teams?: string[][];
  until: number;
  accepted: boolean;
  queued: Queued | null;
};

/** What one knows of one's place. Times are the server's; `skew_ms` tells how far this device is off. */
export type Place =
  /** In the lobby, and not in the queue. */
  | { is: "here" }
  | { is: "entering" }
  /** One let others down, and may enter again then; it is done by itself. */
  | { is: "cooling"; until: number }
  | Queued
  | Proposed
  | { is: "matched"; room: string; with: string[]; teams?: string[][] }
  | { is: "out"; why: "left" | "expired" | "refused" | "closed"; reason?: string; after_ms?: number; fault?: Fault };

/** Friends who are matched together. The first who came leads. */
export type Party = { party: string; leader: string; members: { player: string; name: string }[]; most: number };

export const NO_NUMBERS: Numbers = { waiting: null, like_you: null, estimate_ms: null, estimate_p90_ms: null };

/** One event of the lobby, and what is known after it. */
export function fold(place: Place, { ev, body }: Event, first: Partial<Numbers> = {}): Place {
  const said = (body ?? {}) as Record<string, Json | undefined>;
  const was = place.is === "queued" ? place : place.is === "proposed" ? place.queued : null;
  const teams = Array.isArray(said.teams) ? { teams: said.teams as string[][] } : {};
  switch (ev) {
    case "queued":
    case "returned": {
      const mates = Array.isArray(said.with) ? (said.with as string[]) : was?.with;
      return {
        ...NO_NUMBERS,
        ...first,
        ...was,
        is: "queued",
        ticket: typeof said.ticket === "string" ? said.ticket : (was?.ticket ?? ""),
        since: typeof said.since === "number" ? said.since : (was?.since ?? Date.now()),
        ...(mates && { with: mates }),
      };
    }
    case "lobby":
      if (place.is === "queued") return { ...place, ...numbers(said, place) };
      if (place.is === "proposed" && was) return { ...place, queued: { ...was, ...numbers(said, was) } };
      return place;
    case "proposed":
      return {
        is: "proposed",
        match: String(said.match),
        with: (said.with as string[] | undefined) ?? [],
        ...teams,
        until: typeof said.until === "number" ? said.until : Date.now(),
        accepted: said.accepted === true,
        queued: was,
      };
    case "matched":
      return { is: "matched", room: String(said.room), with: (said.with as string[] | undefined) ?? [], ...teams };
    case "expired":
      // The ticket lapsed because its owner is in a match already: that is where they belong.
      if (typeof said.room === "string") return { is: "matched", room: said.room, with: [] };
      return {
        is: "out",
        why: "expired",
        ...(typeof said.reason === "string" && { reason: said.reason }),
        ...(typeof said.after_ms === "number" && { after_ms: said.after_ms }),
      };
    default:
      return place;
  }
}

/** What the lobby says of the queue; an estimate that is no longer said is no longer known. */
export function numbers(said: Record<string, unknown>, was: Partial<Numbers> = {}): Numbers {
  const number = (value: unknown) => (typeof value === "number" ? value : null);
  return {
    waiting: number(said.waiting) ?? was.waiting ?? null,
    like_you: number(said.like_you) ?? was.like_you ?? null,
    estimate_ms: number(said.estimate_ms),
    estimate_p90_ms: number(said.estimate_p90_ms),
  };
}

/** The party that an event tells of; `undefined`: it tells of something else. */
export function party_of({ ev, body }: Event): Party | null | undefined {
  if (ev !== "party") return undefined;
  const said = body as { party: string | null } | undefined;
  if (typeof said?.party !== "string") return null;
  const party = said as Party;
  return party.members.length === 0 ? null : party;
}
