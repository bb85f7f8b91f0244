// The outbox: keeps commands until they are durable, repeats them with the same keys, and settles their promises.

import type { ConnectionClosed } from "./closed.ts";
import { on_abort } from "../events/abort.ts";
import { random_key } from "../wire/frames.ts";
import { Refused } from "../wire/refused.ts";
import type { Command, Json, Refusal, Reply } from "../wire/wire.ts";

/** The result of a command. */
export type Ok = Record<string, Json | undefined>;

/**
 * A command on its way. The promise settles with the reply: *accepted*. `durable` is a second promise, for the time at which
 * the command is on disk; it has the position that counts then.
 */
export type Sent<T> = Promise<T> & { readonly durable: Promise<T> };

type Deferred = { promise: Promise<Ok>; resolve: (ok: Ok) => void; reject: (error: unknown) => void };

/** A command that the server may not have received, or may still lose. */
export type Entry = {
  /** Names the command here, and on the wire if its op takes a key. */
  readonly key: string;
  readonly command: Command;
  /** The `id` on the current connection; `null` until it is sent there. */
  id: number | null;
  /** True once it was sent on any connection: the server may have executed it. */
  sent: boolean;
  /** The last reply; `null` before the first. */
  ok: Ok | null;
  /** The log position of its event in the current epoch, if it made one. */
  at: number | null;
  /** How often it was retried after a temporary refusal. */
  retries: number;
  readonly accepted: Deferred;
  readonly durable: Deferred;
};

/** A command refused with `retry` is repeated this often before the caller gets the refusal. */
const RETRIES_MAX = 5;
/** Refusals that the caller gets at once, whatever their `retry`: a cooldown is long, and a conflict needs a decision. */
const TOLD_AT_ONCE: readonly string[] = ["cooldown", "conflict"];
/** The wait before a retry if the refusal names none. */
const RETRY_AFTER_MS = 1_000;

/** The commands of one client that are not durable. */
export class Outbox {
  /** Oldest first. Never changed in place, so that a loop may settle its commands. */
  entries: readonly Entry[] = [];
  #last_id = 0;
  #durable = 0;
  #closed: ConnectionClosed | null = null;
  readonly #keyed_ops: readonly string[];
  /** Called when a command is ready to be sent. */
  readonly #ready: () => void;

  /** Only `keyed_ops` are sent with their key: the server refuses a key that an op does not take, and repeats those without. */
  constructor(keyed_ops: readonly string[], ready: () => void) {
    this.#keyed_ops = keyed_ops;
    this.#ready = ready;
  }

  /** Adds a command, unless the connection is closed for good or the signal has aborted. */
  put(command: Command, signal?: AbortSignal): Sent<Ok> {
    const accepted = deferred();
    const durable = deferred();
    const entry: Entry = { key: command.key ?? random_key(), command, id: null, sent: false, ok: null, at: null, retries: 0, accepted, durable };
    // An application that does not wait for `durable` does not handle its failure either.
    durable.promise.catch(() => {});
    if (this.#closed) this.fail(entry, this.#closed);
    else {
      this.entries = [...this.entries, entry];
      const off = on_abort(signal, () => this.#abort(entry, signal?.reason));
      durable.promise.then(off, off);
      this.#ready();
    }
    return Object.assign(accepted.promise, { durable: durable.promise });
  }

  /** Returns whether a command waits to be sent. */
  get has_unsent(): boolean {
    return this.entries.some(({ id }) => id === null);
  }

  /** Takes the commands to send now, in order: `may_send` is asked before each, and `sent` told its `id`. */
  take(may_send: () => boolean, sent: (id: number) => void): Command[] {
    const taken: Command[] = [];
    for (const entry of this.entries) {
      if (entry.id !== null) continue;
      if (!may_send()) break;
      const { key, command } = entry;
      entry.id = this.#last_id += 1;
      entry.sent = true;
      sent(entry.id);
      taken.push({ ...command, id: entry.id, ...(this.#keyed_ops.includes(command.op) && { key }) } as Command);
    }
    return taken;
  }

  /**
   * Prepares for a new connection: no reply comes for an old `id`, so all commands must be repeated. In a new epoch old
   * positions are meaningless, and repeating restores what the server lost; but a sent move with `if_at` is refused, because its
   * position is one of another epoch, in which the match went differently. `at` is the newest position.
   */
  reconnected(same_epoch: boolean, at: number): void {
    for (const entry of this.entries) {
      entry.id = null;
      if (same_epoch) continue;
      entry.at = null;
      const { sent, command } = entry;
      const message = "The room lost its last events: look and decide again.";
      if (sent && command.op === "move" && command.if_at !== undefined) this.fail(entry, new Refused({ code: "conflict", retry: false, at, message }));
    }
    if (!same_epoch) this.#durable = 0;
  }

  /**
   * Handles a reply. A command that made an event stays until the event is durable; any other is done. Returns the time that the
   * rate limit demands, if it has refused the command.
   */
  replied(reply: Reply): number | undefined {
    const entry = this.entries.find(({ id }) => id === reply.id);
    if (!entry) return undefined;
    if ("err" in reply) return this.#refused(entry, reply.err);
    entry.ok = reply.ok;
    entry.at = reply.ok.at ?? null;
    entry.accepted.resolve(reply.ok);
    if ((entry.at ?? 0) <= this.#durable) this.#done(entry);
    return undefined;
  }

  /** Settles the commands whose events are durable, up to position `to`. */
  durable(to: number): void {
    this.#durable = Math.max(this.#durable, to);
    for (const entry of this.entries) if (entry.at !== null && entry.at <= this.#durable) this.#done(entry);
  }

  /** Settles a command without its reply, because the object shows what became of it. */
  settle(entry: Entry, outcome: Ok | Error): void {
    if (outcome instanceof Error) return this.fail(entry, outcome);
    entry.accepted.resolve(outcome);
    if (Number(outcome.at ?? 0) <= this.#durable) entry.durable.resolve(outcome);
  }

  /** Drops a command, and rejects those of its promises that wait. */
  fail(entry: Entry, error: unknown): void {
    this.#drop(entry);
    entry.accepted.reject(error);
    entry.durable.reject(error);
  }

  /** Rejects all commands: their outcome is unknown. */
  close(closed: ConnectionClosed): void {
    this.#closed = closed;
    for (const entry of this.entries) this.fail(entry, closed);
  }

  #refused(entry: Entry, refusal: Refusal): number | undefined {
    const { code, retry, after_ms = RETRY_AFTER_MS } = refusal;
    if (code === "too_fast") {
      // The command was only too early: it goes again, in its place before all later ones.
      entry.id = null;
      return after_ms;
    }
    if (!retry || TOLD_AT_ONCE.includes(code) || entry.retries === RETRIES_MAX) return void this.fail(entry, new Refused(refusal));
    entry.retries += 1;
    // It keeps its id, for which no reply comes again, unless a newer connection sends it before.
    const { id } = entry;
    setTimeout(() => {
      if (entry.id !== id) return;
      entry.id = null;
      this.#ready();
    }, after_ms);
    return undefined;
  }

  /** Stops waiting for a command, and repeating it unless its reply has come. */
  #abort(entry: Entry, reason: unknown): void {
    if (entry.ok === null) this.fail(entry, reason);
    else entry.durable.reject(reason);
  }

  #done(entry: Entry): void {
    this.#drop(entry);
    if (entry.ok) entry.durable.resolve(entry.ok);
  }

  #drop(entry: Entry): void {
    this.entries = this.entries.filter((other) => other !== entry);
  }
}

function deferred(): Deferred {
  const parts: Partial<Deferred> = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts as Deferred;
}
