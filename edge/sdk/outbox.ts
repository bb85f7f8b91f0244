// What was said and is not yet safe: commands are kept until they are durable, and repeated by key.

import type { Command, Fault, Json, Reply } from "./wire.ts";

/** One command that the server might not have, or might still lose. */
export type Entry = {
  key: string;
  op: string;
  body?: Json;
  to?: string;
  ack?: "durable";
  /** The `id` on the present connection; none while it waits for one. */
  id: number | null;
  /** Whether the sender has had an answer. Later answers to the same key are repetitions. */
  answered: boolean;
  /** The position it was accepted at. */
  at: number | null;
  /** How often a refusal has been taken as "later". */
  retries: number;
};

/** Everything unsafe, oldest first. Every function here returns a new one and changes nothing. */
export type Outbox = { next_id: number; durable: number; entries: Entry[] };

/** What a reply settles. */
export type Settled =
  | { is: "done"; key: string; ok: Record<string, Json | undefined> }
  | { is: "refused"; key: string; fault: Fault }
  | { is: "later"; key: string; in_ms: number }
  | { is: "nothing" };

/** A refusal with `retry` is repeated so often before the sender hears of it. */
const RETRIES = 5;
/** How long a refusal with `retry` is waited out, where it names no time. */
const LATER_MS = 1_000;

export const EMPTY: Outbox = { next_id: 1, durable: 0, entries: [] };

/** Puts a command in. It has no `id` until it goes onto a connection. */
export function put(box: Outbox, command: Pick<Entry, "key" | "op" | "body" | "to" | "ack">): Outbox {
  const entry: Entry = { ...command, id: null, answered: false, at: null, retries: 0 };
  return { ...box, entries: [...box.entries, entry] };
}

/** Takes what waits for a connection: gives each an `id` and returns the commands, in the order they were said. */
export function take(box: Outbox): [Outbox, Command[]] {
  let next_id = box.next_id;
  const commands: Command[] = [];
  const entries = box.entries.map((entry) => {
    if (entry.id !== null) return entry;
    const id = next_id++;
    const { op, key, to, ack, body } = entry;
    commands.push({ id, op, key, ...(to !== undefined && { to }), ...(ack && { ack }), ...(body !== undefined && { body }) });
    return { ...entry, id };
  });
  return [{ ...box, next_id, entries }, commands];
}

/**
 * A new connection: no reply will come for an old `id`, so everything unsafe waits to be repeated. In a new epoch the
 * old positions mean nothing either; what the server lost, the repetition brings back.
 */
export function reconnected(box: Outbox, same_epoch: boolean): Outbox {
  const entries = box.entries.map((entry) => ({ ...entry, id: null, at: same_epoch ? entry.at : null }));
  return { ...box, durable: same_epoch ? box.durable : 0, entries };
}

/**
 * A reply came. A command that made an event stays until that is durable; one that made none is done with.
 */
export function replied(box: Outbox, reply: Reply): [Outbox, Settled] {
  const entry = box.entries.find((one) => one.id === reply.id);
  if (!entry) return [box, { is: "nothing" }];
  if ("err" in reply) {
    const { retry, after_ms, code } = reply.err;
    // A cooldown is long: whoever has to wait it out is told.
    if (retry && code !== "cooldown" && entry.retries < RETRIES && !entry.answered) {
      // It keeps its id, which nobody will answer again, until `again` frees it.
      const in_ms = after_ms ?? LATER_MS;
      return [change(box, entry.key, { retries: entry.retries + 1 }), { is: "later", key: entry.key, in_ms }];
    }
    const settled: Settled = entry.answered ? { is: "nothing" } : { is: "refused", key: entry.key, fault: reply.err };
    return [drop(box, entry.key), settled];
  }
  const at = reply.ok.at ?? null;
  const kept = at !== null && at > box.durable;
  const next = kept ? change(box, entry.key, { at, answered: true }) : drop(box, entry.key);
  return [next, entry.answered ? { is: "nothing" } : { is: "done", key: entry.key, ok: reply.ok }];
}

/** The time of a `later` is up: the command waits for its turn again. */
export function again(box: Outbox, key: string): Outbox {
  return change(box, key, { id: null });
}

/** Everything up to `to` is on disk: what was accepted there is safe. */
export function durable(box: Outbox, to: number): Outbox {
  const entries = box.entries.filter((entry) => !entry.answered || entry.at === null || entry.at > to);
  return { ...box, durable: to, entries };
}

function change(box: Outbox, key: string, to: Partial<Entry>): Outbox {
  return { ...box, entries: box.entries.map((entry) => (entry.key === key ? { ...entry, ...to } : entry)) };
}

function drop(box: Outbox, key: string): Outbox {
  return { ...box, entries: box.entries.filter((entry) => entry.key !== key) };
}
