// Where a client is in an object's log: what is new, what is a repetition, and what is missing.

import type { Event, Welcome } from "./wire.ts";

/** An epoch and the last position seen in it. Without an epoch the server starts from a snapshot. */
export type Place = { epoch: string | null; at: number };

/** Before the first welcome, and after a `resync`. */
export const NOWHERE: Place = { epoch: null, at: 0 };

/** What an event means for the place. */
export type Step =
  | { is: "next"; place: Place }
  | { is: "ephemeral" }
  | { is: "seen" }
  | { is: "gap" };

/** Where one is after a welcome: at its snapshot, or where one was, or before whatever is replayed. */
export function welcomed(place: Place, welcome: Welcome): Place {
  const { epoch, at, recovered, replayed = 0, snapshot } = welcome;
  if (snapshot) return { epoch, at: snapshot.at };
  if (recovered && place.epoch === epoch) return { epoch, at: place.at };
  return { epoch, at: at - replayed };
}

/** Positions are contiguous for every recipient: a `skip` is one too, and anything but the next is a fault. */
export function step(place: Place, event: Event): Step {
  if (event.at === undefined) return { is: "ephemeral" };
  if (event.at <= place.at) return { is: "seen" };
  if (event.at > place.at + 1) return { is: "gap" };
  return { is: "next", place: { ...place, at: event.at } };
}

/** The query that asks the server to go on from here. */
export function query(place: Place): string {
  return place.epoch === null ? "" : `?epoch=${encodeURIComponent(place.epoch)}&at=${place.at}`;
}
