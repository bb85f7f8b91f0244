// A client's position in an object's log: tells new events, duplicates and gaps apart.

import type { Event, Welcome } from "../wire/wire.ts";

/** An epoch of the log and the last position seen in it. Without an epoch the server sends a snapshot. */
export type LogPosition = { epoch: string | null; at: number };

/** The position before the first welcome, and after a `resync`. */
export const NO_POSITION: LogPosition = { epoch: null, at: 0 };

/** The result of comparing an event with the position. */
export type PositionCheck = "next" | "ephemeral" | "duplicate" | "gap";

/** Returns the position after a welcome: that of its snapshot, or the old one, or the one before the replayed events. */
export function after_welcome(position: LogPosition, { epoch, at, recovered, replayed = 0, snapshot }: Welcome): LogPosition {
  return { epoch, at: snapshot ? snapshot.at : recovered && position.epoch === epoch ? position.at : at - replayed };
}

/** Compares an event with the position. Positions are contiguous for every recipient, counting each `skip`. */
export function check_event(position: LogPosition, { at }: Event): PositionCheck {
  if (at === undefined) return "ephemeral";
  if (at <= position.at) return "duplicate";
  return at > position.at + 1 ? "gap" : "next";
}

/**
 * Returns the URL query of an opening: the position to resume from, whether to give way to other connections, and whether to
 * open as a spectator.
 */
export function opening_query({ epoch, at }: LogPosition, yields = false, watches = false): string {
  const resume = epoch !== null && `epoch=${encodeURIComponent(epoch)}&at=${at}`;
  const query = [resume, watches && "watch=1", yields && "yield=1"].filter(Boolean).join("&");
  return query && `?${query}`;
}
