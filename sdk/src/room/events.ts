// The events of a room, as an application receives them, and the types that it gives to what is its own.

import type { Ended, EndProposal, Json, LeftReason } from "../wire/wire.ts";
import type { View } from "./view.ts";

/**
 * The types of an application's own parts of a room; each that is left out is any JSON value. A mode's types are such types:
 * `Room<ConnectFour & { said: { text: string } }>`.
 */
export type RoomTypes = {
  /** The body of a message. */
  said?: unknown;
  /** The keys of the board with their values. */
  board?: object;
  /** The body of a signal, and that of a hint. */
  signal?: unknown;
  hint?: unknown;
  /** A move, and the match as a player sees it. */
  move?: unknown;
  state?: unknown;
  /** The part of an event of the match for all players, and that for this player alone. */
  told?: unknown;
  private?: unknown;
};

/** One of the types; where the application gives none, any JSON value, and any keys of the board. */
export type Part<T, K extends keyof RoomTypes> = T extends { [key in K]: infer P } ? P : K extends "board" ? Record<string, Json> : Json;

/** The part that all events of the log share. Positions count from 1 and are the same for all members. */
export type Logged = { at: number; ts: number };

/** An event that a player caused. */
export type By = Logged & { by: string };

/** The board: each key with its value and the position that wrote it. */
export type Board<B = Record<string, Json>> = { readonly [K in keyof B]?: { v: B[K]; at: number } };

/**
 * An event of a room. `started` and `moved` have the whole state of the match right after them. `snapshot` is no event of the log:
 * the view was replaced, because this client opened the room or was away for too long for a replay.
 */
export type RoomEvent<T extends RoomTypes = object> =
  | (By & { ev: "joined" | "back"; body: { name: string } })
  | (By & { ev: "away" })
  | (By & { ev: "left"; body: { reason: LeftReason } })
  | (By & { ev: "said"; body: Part<T, "said"> })
  | (By & { ev: "set"; body: { keys: Partial<Record<string, Json>> } })
  | (By & { ev: "signal"; body: Part<T, "signal"> })
  | (Logged & { ev: "started"; body: { mode: string; seats: string[] }; state: Part<T, "state"> })
  | (Logged & { ev: "moved"; by?: string; body?: Part<T, "told">; private?: Part<T, "private">; state: Part<T, "state"> })
  | (By & { ev: "end_proposed"; body: EndProposal })
  | (Logged & { ev: "ended"; by?: string; body: Ended })
  | { ev: "hint"; by: string; body: Part<T, "hint"> }
  | { ev: "snapshot"; at: number; view: View };

/** The events by their names, for `room.on`. */
export type RoomEvents<T extends RoomTypes = object> = {
  [K in RoomEvent<T>["ev"]]: Extract<RoomEvent<T>, { ev: K }>;
} & {
  /** Any of the others, in their order. */
  event: RoomEvent<T>;
  /** The view, the connection or the unsent messages have changed. Emitted at most once per frame. */
  changed: undefined;
  /** Another handler has thrown this error, which changed nothing for the room. */
  error: unknown;
};
