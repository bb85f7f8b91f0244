// The log of a fake room: its events, as each member may see them.

import type { Event, Json } from "../wire/wire.ts";

/** An event with a position. */
export type LogEntry = Event & { at: number; ts: number };

/** An event before it has its position. `to` is the only member that sees it; `states` are the members' own states. */
export type NewEvent = { ev: string; by?: string; body?: Json };

type Kept = { entry: LogEntry; to: string | null };

/** The events of a room in their order, from position 1. */
export class Log {
  #kept: Kept[] = [];

  /** The newest position. */
  get at(): number {
    return this.#kept.length;
  }

  /** Adds an event; `to` is the only member that sees it. */
  append(event: NewEvent & { [more: string]: unknown }, to: string | null = null): LogEntry {
    const entry = { at: this.at + 1, ts: Date.now(), ...event } as LogEntry;
    this.#kept.push({ entry, to });
    return entry;
  }

  /** Returns the events after a position as a member sees them: those for another member are skipped positions. */
  after(at: number, player: string): LogEntry[] {
    return this.#kept.slice(at).map(({ entry, to }) => seen_by(entry, to, player));
  }
}

/** Returns an event as a member sees it. */
export function seen_by(entry: LogEntry, to: string | null, player: string): LogEntry {
  return to === null || to === player ? entry : ({ at: entry.at, ev: "skip", ts: entry.ts } as LogEntry);
}
