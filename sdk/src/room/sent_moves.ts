// The moves of one client without a reply, and the events that show what became of them.

import { after_welcome } from "../connection/log_position.ts";
import type { Entry } from "../connection/outbox.ts";
import type { View } from "./view.ts";
import type { Event, Welcome } from "../wire/wire.ts";

/**
 * Compares moves without a reply with the player's own `moved` events. A move that was executed has one such event, and a
 * refused one has none, but the event does not name the move.
 */
export class SentMoves {
  /** For each move without a reply: the last position that was seen when it was sent. */
  #after = new Map<string, number>();
  /** The positions of the player's own events since, without those that replies have named. */
  #made = new Set<number>();
  #answered = new Set<number>();

  sent(key: string, after: number): void {
    this.#after.set(key, after);
  }

  /** Notes the reply to a move: its position, or none if it was refused. */
  settled(key: string, at: number | null): void {
    this.#after.delete(key);
    if (at !== null) this.#answered.add(at);
    if (this.#after.size > 0) return;
    this.#made.clear();
    this.#answered.clear();
  }

  /** Notes an event of the log. */
  event({ ev, at, by }: Event, you: string): void {
    if (ev === "moved" && at !== undefined && by === you && this.#after.size > 0) this.#made.add(at);
  }

  /** Notes a welcome. Where it leaves out events since a move was sent, what became of that move stays unknown. */
  welcome(view: View, first: Welcome): void {
    const same_epoch = view.position.epoch === first.epoch;
    const events = first.snapshot?.events ?? [];
    const from = first.snapshot ? (events[0]?.at ?? first.snapshot.at + 1) : after_welcome(view.position, first).at + 1;
    for (const [key, after] of this.#after) if (!same_epoch || after + 1 < from) this.#after.delete(key);
    for (const event of events) if ((event.at ?? 0) > view.position.at) this.event(event, first.you);
  }

  /** Returns the position of a move without a reply, or null if it was not executed; undefined if that is unknown. */
  position(key: string, entries: readonly Entry[]): number | null | undefined {
    const waiting = entries.filter((entry) => this.#after.has(entry.key) && entry.ok === null && entry.sent);
    const after = Math.min(...waiting.map((entry) => this.#after.get(entry.key) ?? 0));
    const made = [...this.#made].filter((at) => at > after && !this.#answered.has(at)).sort((a, b) => a - b);
    const index = waiting.findIndex((entry) => entry.key === key);
    if (index < 0) return entries.some((entry) => entry.key === key && !entry.sent) ? null : undefined;
    if (made.length === waiting.length) return made[index];
    return made.length === 0 ? null : undefined;
  }
}
