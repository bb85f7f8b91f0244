// The common form of the boards of all games, with the names of players and the server's time.

import type { Json, Room, RoomEvents } from "@matchpoint/client";

/** An event of a match, with the state right after it. */
export type MatchEvent = RoomEvents["moved"];

/** A room of any mode. */
export type GameRoom = Room;

/** The board of one game on the room screen. It reads the room, and keeps only what no state holds. */
export type Board = {
  /** Draws the match. Called after each change, and never before the match has started. */
  draw: () => void;
  /** Draws what changes with time alone. */
  tick: () => void;
  /** Says what the players are to do. */
  status: () => string;
  /** Says what has happened, for screen readers; empty for nothing. */
  announcement: (event: MatchEvent) => string;
  /** Returns whether the board shows what this event told until the next such event. */
  keeps: (told: Json) => boolean;
  /** Ends the match as lost, where the game has such a move. */
  resign?: () => Promise<unknown>;
};

/** The parts of the room screen that a board uses. */
export type BoardContext = {
  room: GameRoom;
  /** The last event that the board keeps; it survives a reload. */
  kept: () => Json;
  /** Makes a move, and shows why it was refused. */
  move: (body: Json) => void;
  /** Returns whether a move waits for its reply. */
  is_moving: () => boolean;
};

/** Returns the name of a seat's player, or "You". */
export function seat_name({ view, seat: own, seats }: GameRoom, seat: number): string {
  if (seat === own) return "You";
  return view.members.find(({ player }) => player === seats[seat])?.name || "The other player";
}

/** Returns the time by the server's clock; that of the end once the match is over. */
export function match_time({ view, skew_ms }: GameRoom): number {
  const ended = view.events.filter(({ ev }) => ev === "ended").at(-1);
  return ended?.ts ?? Date.now() + skew_ms;
}

/** Formats the time left: 1:07, and 9.3 in the last ten seconds. */
export function time_left(ms: number): string {
  const left = Math.max(0, ms);
  if (left < 10_000) return (Math.floor(left / 100) / 10).toFixed(1);
  const s = Math.ceil(left / 1000);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}
