// Sends commands reliably: keeps each in the outbox, repeats it, paces it, and settles its promise with the reply.

import { monotonic } from "./clock.ts";
import { ConnectionClosed } from "./closed.ts";
import * as outbox from "./outbox.ts";
import type { Entry, Outbox } from "./outbox.ts";
import { Pace } from "./pace.ts";
import { on_abort } from "../events/abort.ts";
import { random_key, write } from "../wire/frames.ts";
import { Refused } from "../wire/refused.ts";
import type { Command, Json, Reply, Welcome } from "../wire/wire.ts";

/** The result of a command. */
export type Ok = Record<string, Json | undefined>;

/**
 * A command on its way. The promise settles with the reply: *accepted*. `durable` is a second promise, for the time at which
 * the command is on disk; it has the position that counts then.
 */
export type Sent<T> = Promise<T> & { readonly durable: Promise<T> };

type Deferred = { promise: Promise<Ok>; resolve: (ok: Ok) => void; reject: (error: unknown) => void };

/** The promises of one command; `ok` is its last reply. */
type PendingCommand = { accepted: Deferred; durable: Deferred; ok: Ok | null };

/** The reliable sender of one connection. */
export class CommandSender {
  #outbox: Outbox = outbox.EMPTY;
  #pending = new Map<string, PendingCommand>();
  /** Messages that no reply confirms, the newest of each kind; lost with the connection. */
  #ephemeral = new Map<string, Command>();
  #pace = new Pace();
  #burst = 0;
  #pace_timer: ReturnType<typeof setTimeout> | undefined;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #batch = 64;
  #bytes = 16_384;
  #stopped: ConnectionClosed | null = null;
  /** Sends a frame; returns false while there is no connection. */
  readonly #send_frame: (frame: string) => boolean;
  #open = false;
  #flushing = false;

  /** The ops of the object that take a `key`. */
  readonly #keyed_ops: readonly string[];

  constructor(send_frame: (frame: string) => boolean, keyed_ops: readonly string[]) {
    this.#send_frame = send_frame;
    this.#keyed_ops = keyed_ops;
  }

  /** Commands that are not durable yet, oldest first. */
  get entries(): readonly Entry[] {
    return this.#outbox.entries;
  }

  /**
   * Sends a command that must arrive. The promise settles with the server's reply, even after reconnects. A signal ends the
   * waiting and the repeating; a command that was sent before may still be executed.
   */
  send(command: Command, signal?: AbortSignal): Sent<Ok> {
    const pending: PendingCommand = { accepted: deferred(), durable: deferred(), ok: null };
    // An application that does not wait for `durable` does not handle its failure either.
    pending.durable.promise.catch(() => {});
    const sent = Object.assign(pending.accepted.promise, { durable: pending.durable.promise });
    const key = command.key ?? random_key();
    const failure = this.#stopped ?? (signal?.aborted ? { reason: signal.reason as unknown } : null);
    if (failure) {
      fail(pending, failure instanceof ConnectionClosed ? failure : failure.reason);
      return sent;
    }
    this.#pending.set(key, pending);
    this.#outbox = outbox.put(this.#outbox, key, command);
    const off = on_abort(signal, () => this.#abort(key, signal?.reason));
    pending.durable.promise.then(off, off);
    this.#flush_soon();
    return sent;
  }

  /**
   * Sends a command only if there is a connection now; it is never repeated. Where the rate limit makes it wait, a newer
   * one of the same op and recipient replaces it.
   */
  send_ephemeral(command: Command): void {
    if (!this.#open) return;
    const kind = `${command.op} ${"to" in command ? (command.to ?? "") : ""}`;
    this.#ephemeral.delete(kind);
    this.#ephemeral.set(kind, command);
    this.#flush();
  }

  /** Starts a new connection: repeats all commands that are not durable, with the same keys. */
  connected(welcome: Welcome, same_epoch: boolean): void {
    this.#batch = welcome.limits.batch;
    this.#bytes = welcome.limits.frame_bytes;
    this.#burst = welcome.limits.burst;
    this.#pace.start(welcome.limits, monotonic());
    if (!same_epoch) this.#refuse_conditional_moves(welcome.at);
    this.#outbox = outbox.reconnected(this.#outbox, same_epoch);
    if (welcome.durable !== undefined) this.durable(welcome.durable);
    this.#open = true;
    this.#flush_soon();
  }

  /** Refuses the sent moves with `if_at`: their position is one of another epoch, in which the match went differently. */
  #refuse_conditional_moves(at: number): void {
    for (const { key, command, sent } of this.#outbox.entries) {
      if (!sent || command.op !== "move" || command.if_at === undefined) continue;
      const message = "The room lost its last events, and the match is another one: look and decide again.";
      this.settle(key, new Refused({ code: "conflict", retry: false, at, message }));
    }
  }

  reply(reply: Reply): void {
    if (typeof reply.id === "number") this.#pace.answered(reply.id, monotonic());
    const key = this.#outbox.entries.find(({ id }) => id === reply.id)?.key;
    const pending = key === undefined ? undefined : this.#pending.get(key);
    const [next, settled] = outbox.replied(this.#outbox, reply);
    this.#outbox = next;
    if (settled.is === "retry") this.#retry_later(settled);
    else if (settled.is === "paced") this.#pace.refused(settled.in_ms, monotonic());
    else if (pending && "ok" in reply) pending.accepted.resolve((pending.ok = reply.ok));
    else if (pending && "err" in reply) this.#fail(key, new Refused(reply.err));
    this.#settle_durable();
    this.#flush_soon();
  }

  durable(to: number): void {
    this.#outbox = outbox.durable(this.#outbox, to);
    this.#settle_durable();
  }

  /** Settles a command without its reply, because the object shows what became of it. */
  settle(key: string, outcome: Ok | Error): void {
    this.#outbox = outbox.remove(this.#outbox, key);
    if (outcome instanceof Error) return this.#fail(key, outcome);
    const pending = this.#pending.get(key);
    pending?.accepted.resolve(outcome);
    if (Number(outcome.at ?? 0) <= this.#outbox.durable) pending?.durable.resolve(outcome);
  }

  /** Settles the second promise of the commands that are on disk: those that the outbox no longer keeps. */
  #settle_durable(): void {
    const kept = new Set(this.#outbox.entries.map(({ key }) => key));
    for (const [key, { ok, durable }] of this.#pending) {
      if (ok === null || kept.has(key)) continue;
      durable.resolve(ok);
      this.#pending.delete(key);
    }
  }

  /** Stops waiting for a command, and repeating it unless its reply has come. */
  #abort(key: string, reason: unknown): void {
    if (this.#pending.get(key)?.ok === null) this.#outbox = outbox.remove(this.#outbox, key);
    this.#fail(key, reason);
  }

  #fail(key: string | undefined, error: unknown): void {
    const pending = this.#pending.get(key ?? "");
    this.#pending.delete(key ?? "");
    if (pending) fail(pending, error);
  }

  disconnected(): void {
    this.#open = false;
    this.#ephemeral.clear();
    clearTimeout(this.#pace_timer);
    this.#pace_timer = undefined;
  }

  /** Stops for good. Pending commands are rejected with `ConnectionClosed`: their outcome is unknown. */
  stop(closed: ConnectionClosed): void {
    this.disconnected();
    this.#stopped = closed;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const pending of this.#pending.values()) fail(pending, closed);
    this.#pending.clear();
    this.#outbox = outbox.EMPTY;
  }

  /** Sends the commands of one turn of the event loop in one frame. */
  #flush_soon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  /**
   * Sends what the rate limit allows now: the client's own messages, then commands in order, then hints, which leave half
   * of the burst to commands. A timer sends the rest.
   */
  #flush(): void {
    if (!this.#open) return;
    const now = monotonic();
    const own = this.#take_ephemeral((op) => op !== "hint", this.#pace.available(now));
    for (const _ of own) this.#pace.sent(null, now);
    const [next, commands] = outbox.take(this.#outbox, this.#keyed_ops, this.#pace.available(now));
    this.#outbox = next;
    for (const { id } of commands) this.#pace.sent(id ?? null, now);
    const hints = this.#take_ephemeral((op) => op === "hint", this.#pace.available(now) - this.#burst / 2);
    for (const _ of hints) this.#pace.sent(null, now);
    for (const frame of write([...own, ...commands, ...hints], this.#batch, this.#bytes)) this.#send_frame(frame);
    this.#schedule(now);
  }

  #take_ephemeral(wanted: (op: string) => boolean, most: number): Command[] {
    const kinds = [...this.#ephemeral].filter(([, { op }]) => wanted(op)).slice(0, Math.max(0, most));
    for (const [kind] of kinds) this.#ephemeral.delete(kind);
    return kinds.map(([, command]) => command);
  }

  /** Sets the timer for what must wait. Where a reply must come first, the reply flushes. */
  #schedule(now: number): void {
    clearTimeout(this.#pace_timer);
    this.#pace_timer = undefined;
    const commands = outbox.has_unsent(this.#outbox) || [...this.#ephemeral.values()].some(({ op }) => op !== "hint");
    if (!commands && this.#ephemeral.size === 0) return;
    const wait = this.#pace.wait(commands ? 1 : this.#burst / 2 + 1, now);
    if (wait !== null) this.#pace_timer = setTimeout(() => this.#flush(), wait);
  }

  #retry_later({ key, id, in_ms }: { key: string; id: number; in_ms: number }): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#outbox = outbox.requeue(this.#outbox, key, id);
      this.#flush_soon();
    }, in_ms);
    this.#timers.add(timer);
  }
}

function deferred(): Deferred {
  const parts: Partial<Deferred> = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts as Deferred;
}

function fail({ accepted, durable }: PendingCommand, error: unknown): void {
  accepted.reject(error);
  durable.reject(error);
}
