// The client's side of the rate limit: how many messages the server certainly accepts now.

import type { Limits } from "../wire/wire.ts";

/** A message that was sent without a known answer: the `id` of a command, or none. */
type Unanswered = { id: number | null; at: number };

/** After this time a message without an `id`, which has no reply, counts as received. */
const RECEIVED_AFTER_MS = 2_000;

/**
 * A lower bound of the server's token bucket. The server takes a token when a message arrives, and the client cannot see
 * when; it counts each message at the latest possible time, which is that of its reply, and keeps a token for each
 * message without one. A bucket that is drained later never holds more, so what is sent within this bound is not refused,
 * whatever the delays. Commands then stay in order without waiting for each reply.
 */
export class Pace {
  #per_ms = 0;
  #burst = 0;
  #level = 0;
  #at = 0;
  #held_until = 0;
  #unanswered: Unanswered[] = [];

  /** Starts with the full bucket of a new connection. */
  start({ per_s, burst }: Pick<Limits, "per_s" | "burst">, now: number): void {
    this.#per_ms = per_s / 1000;
    this.#burst = burst;
    this.#level = burst;
    this.#at = now;
    this.#held_until = 0;
    this.#unanswered = [];
  }

  /** Returns how many messages may be sent now. */
  available(now: number): number {
    this.#pass(now);
    return now < this.#held_until ? 0 : Math.max(0, Math.floor(this.#level) - this.#unanswered.length);
  }

  /** Returns the time until `count` messages may be sent; `null` if a reply must come first. */
  wait(count: number, now: number): number | null {
    this.#pass(now);
    const needed = Math.min(count, this.#burst) + this.#unanswered.length;
    const held = this.#held_until - now;
    // A message without an id is answered by time.
    const oldest = this.#unanswered[0];
    if (needed > this.#burst) return oldest?.id === null ? Math.max(held, oldest.at + RECEIVED_AFTER_MS - now, 1) : null;
    return Math.max(held, Math.ceil((needed - this.#level) / this.#per_ms), 1);
  }

  /** Notes a message that was sent. */
  sent(id: number | null, now: number): void {
    this.#unanswered.push({ id, at: now });
  }

  /** Notes a reply: the server has received its message, and all messages before it. */
  answered(id: unknown, now: number): void {
    const index = this.#unanswered.findIndex((message) => message.id === id);
    if (index >= 0) this.#take(index + 1, now);
  }

  /** Notes a refusal for the rate: the server's bucket is empty, whatever this one says. */
  refused(after_ms: number, now: number): void {
    this.#pass(now);
    this.#level = 0;
    this.#held_until = Math.max(this.#held_until, now + after_ms);
  }

  #pass(now: number): void {
    const known = this.#unanswered.findIndex(({ id, at }) => id !== null || now - at < RECEIVED_AFTER_MS);
    this.#take(known < 0 ? this.#unanswered.length : known, now);
  }

  #take(count: number, now: number): void {
    const gained = Math.max(0, now - this.#at) * this.#per_ms;
    this.#level = Math.max(0, Math.min(this.#burst, this.#level + gained) - count);
    this.#at = now;
    this.#unanswered.splice(0, count);
  }
}
