// The outbox: keeps commands until they are durable, and repeats them with the same keys.

import type { Command, Json, Refusal, Reply } from "../wire/wire.ts";

/** A command that the server may not have received, or may still lose. */
export type Entry = {
  /** Names the command here, and on the wire if its op takes a key. */
  key: string;
  command: Command;
  /** The `id` on the current connection; `null` until it is sent there. */
  id: number | null;
  /** True once it was sent on any connection: the server may have executed it. */
  sent: boolean;
  /** True once the caller has the reply. Later replies to the same key are duplicates. */
  answered: boolean;
  /** The log position of its event, if it made one. */
  at: number | null;
  /** How often it was retried after a temporary refusal. */
  retries: number;
};

/** Commands that are not durable, oldest first. Functions return a new outbox and change nothing. */
export type Outbox = { next_id: number; durable: number; entries: Entry[] };

/** The effect of a reply. */
export type ReplyOutcome =
  | { is: "done"; key: string; ok: Record<string, Json | undefined> }
  | { is: "refused"; key: string; refusal: Refusal }
  | { is: "retry"; key: string; id: number; in_ms: number }
  | { is: "paced"; in_ms: number }
  | { is: "nothing" };

/** A command refused with `retry` is repeated this often before the caller gets the refusal. */
const RETRIES_MAX = 5;
/** Refusals that the caller gets at once, whatever their `retry`: a cooldown is long, and a conflict needs a decision. */
const TOLD_AT_ONCE: readonly string[] = ["cooldown", "conflict"];
/** The wait before a retry if the refusal names none. */
const RETRY_AFTER_MS = 1_000;

export const EMPTY: Outbox = { next_id: 1, durable: 0, entries: [] };

/** Adds a command. It gets its `id` when it is sent. */
export function put(box: Outbox, key: string, command: Command): Outbox {
  const entry: Entry = { key, command, id: null, sent: false, answered: false, at: null, retries: 0 };
  return { ...box, entries: [...box.entries, entry] };
}

/**
 * Returns the commands to send now, at most `most`, in order, and gives each an `id`. Only `keyed_ops` are sent with their
 * key: the server refuses a key that an op does not take, and such an op may be repeated without one.
 */
export function take(box: Outbox, keyed_ops: readonly string[], most = Infinity): [Outbox, Command[]] {
  let next_id = box.next_id;
  const commands: Command[] = [];
  const entries = box.entries.map((entry) => {
    if (entry.id !== null || commands.length >= most) return entry;
    const id = next_id++;
    const { key, command } = entry;
    commands.push({ ...command, id, ...(keyed_ops.includes(command.op) && { key }) } as Command);
    return { ...entry, id, sent: true };
  });
  return [{ ...box, next_id, entries }, commands];
}

/**
 * Prepares for a new connection: no reply comes for an old `id`, so all commands must be repeated. In a new epoch old
 * positions are meaningless, and repeating restores what the server lost.
 */
export function reconnected(box: Outbox, same_epoch: boolean): Outbox {
  const entries = box.entries.map((entry) => ({ ...entry, id: null, at: same_epoch ? entry.at : null }));
  return { ...box, durable: same_epoch ? box.durable : 0, entries };
}

/**
 * Handles a reply. A command that made an event stays until the event is durable; any other is done.
 */
export function replied(box: Outbox, reply: Reply): [Outbox, ReplyOutcome] {
  const entry = box.entries.find(({ id }) => id === reply.id);
  if (!entry) return [box, { is: "nothing" }];
  if ("err" in reply) {
    const { retry, after_ms, code } = reply.err;
    // The command was only too early: it goes again, in its place before all later ones.
    if (code === "too_fast") {
      return [update(box, entry.key, { id: null }), { is: "paced", in_ms: after_ms ?? RETRY_AFTER_MS }];
    }
    if (retry && !TOLD_AT_ONCE.includes(code) && entry.retries < RETRIES_MAX) {
      // It keeps its id, for which no reply comes again, until `requeue` clears it.
      const in_ms = after_ms ?? RETRY_AFTER_MS;
      return [update(box, entry.key, { retries: entry.retries + 1 }), { is: "retry", key: entry.key, id: reply.id as number, in_ms }];
    }
    const outcome: ReplyOutcome = entry.answered ? { is: "nothing" } : { is: "refused", key: entry.key, refusal: reply.err };
    return [remove(box, entry.key), outcome];
  }
  const at = reply.ok.at ?? null;
  const kept = at !== null && at > box.durable;
  const next = kept ? update(box, entry.key, { at, answered: true }) : remove(box, entry.key);
  return [next, entry.answered ? { is: "nothing" } : { is: "done", key: entry.key, ok: reply.ok }];
}

/** Makes a command whose retry is due ready to be sent, unless a newer connection has sent it since. */
export function requeue(box: Outbox, key: string, id: number): Outbox {
  return box.entries.some((entry) => entry.key === key && entry.id === id) ? update(box, key, { id: null }) : box;
}

/** Drops the answered commands whose events are durable, up to position `to`. */
export function durable(box: Outbox, to: number): Outbox {
  const entries = box.entries.filter((entry) => !entry.answered || entry.at === null || entry.at > to);
  return { ...box, durable: Math.max(box.durable, to), entries };
}

function update(box: Outbox, key: string, to: Partial<Entry>): Outbox {
  return { ...box, entries: box.entries.map((entry) => (entry.key === key ? { ...entry, ...to } : entry)) };
}

/** Returns whether a command waits to be sent. */
export function has_unsent(box: Outbox): boolean {
  return box.entries.some(({ id }) => id === null);
}

/** Drops a command. */
export function remove(box: Outbox, key: string): Outbox {
  return { ...box, entries: box.entries.filter((entry) => entry.key !== key) };
}
