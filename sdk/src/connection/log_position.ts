// A client's position in an object's log: tells new events, duplicates and gaps apart.

import type { Event, Welcome } from "../wire/wire.ts";

/** An epoch of the log and the last position seen in it. Without an epoch the server sends a snapshot. */
export type LogPosition = { epoch: string | null; at: number };

/** The position before the first welcome, and after a `resync`. */
export const NO_POSITION: LogPosition = { epoch: null, at: 0 };

/** The result of comparing an event with the position. */
export type PositionCheck =
  | { is: "next"; position: LogPosition }
  | { is: "ephemeral" }
  | { is: "duplicate" }
  | { is: "gap" };

/** Returns the position after a welcome: that of its snapshot, or the old one, or the one before the replayed events. */
export function after_welcome(position: LogPosition, welcome: Welcome): LogPosition {
  const { epoch, at, recovered, replayed = 0, snapshot } = welcome;
  if (snapshot) return { epoch, at: snapshot.at };
  if (recovered && position.epoch === epoch) return { epoch, at: position.at };
  return { epoch, at: at - replayed };
}

/** Compares an event with the position. Positions are contiguous for every recipient, counting each `skip`. */
export function check_event(position: LogPosition, event: Event): PositionCheck {
  if (event.at === undefined) return { is: "ephemeral" };
  if (event.at <= position.at) return { is: "duplicate" };
  if (event.at > position.at + 1) return { is: "gap" };
  return { is: "next", position: { ...position, at: event.at } };
}

/**
 * Returns the URL query of an opening: the position to resume from, whether to give way to other connections, and whether to
 * open as a spectator.
 */
export function opening_query(position: LogPosition, yields = false, watches = false): string {
  const resume = position.epoch === null ? [] : [`epoch=${encodeURIComponent(position.epoch)}`, `at=${position.at}`];
  const all = [...resume, ...(watches ? ["watch=1"] : []), ...(yields ? ["yield=1"] : [])];
  return all.length === 0 ? "" : `?${all.join("&")}`;
}
