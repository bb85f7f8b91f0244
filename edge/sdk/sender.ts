// Sends commands reliably: keeps each in the outbox, repeats it, and settles its promise with the reply.

import * as outbox from "./outbox.ts";
import type { Entry, Outbox } from "./outbox.ts";
import { Refused, random_key, write } from "./frames.ts";
import type { Command, Json, Reply, Welcome } from "./wire.ts";

/** The connection is closed for good; whether the last commands arrived is unknown. */
export class ConnectionClosed extends Error {
  constructor(why: string) {
    super(`The connection is closed: ${why}.`);
    this.name = "ConnectionClosed";
  }
}

type Ok = Record<string, Json | undefined>;
type PendingReply = { resolve: (ok: Ok) => void; reject: (error: Error) => void };

/** The reliable sender of one connection. */
export class CommandSender {
  #outbox: Outbox = outbox.EMPTY;
  #pending = new Map<string, PendingReply>();
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #batch = 64;
  #bytes = 16_384;
  #stopped: string | null = null;
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

  /** Sends a command that must arrive. The promise settles with the server's reply, even after reconnects. */
  send(command: Command): Promise<Ok> {
    if (this.#stopped !== null) return Promise.reject(new ConnectionClosed(this.#stopped));
    const key = command.key ?? random_key();
    this.#outbox = outbox.put(this.#outbox, key, command);
    const answer = new Promise<Ok>((resolve, reject) => this.#pending.set(key, { resolve, reject }));
    this.#flush_soon();
    return answer;
  }

  /** Sends a command only if there is a connection now; it is never repeated. */
  send_ephemeral(command: Command): void {
    if (this.#open) for (const frame of write([command], this.#batch, this.#bytes)) this.#send_frame(frame);
  }

  /** Starts a new connection: repeats all commands that are not durable, with the same keys. */
  connected(welcome: Welcome, same_epoch: boolean): void {
    this.#batch = welcome.limits.batch;
    this.#bytes = welcome.limits.frame_bytes;
    this.#outbox = outbox.reconnected(this.#outbox, same_epoch);
    if (welcome.durable !== undefined) this.#outbox = outbox.durable(this.#outbox, welcome.durable);
    this.#open = true;
    this.#flush_soon();
  }

  reply(reply: Reply): void {
    const [next, settled] = outbox.replied(this.#outbox, reply);
    this.#outbox = next;
    if (settled.is === "done") this.#take_pending(settled.key)?.resolve(settled.ok);
    if (settled.is === "refused") this.#take_pending(settled.key)?.reject(new Refused(settled.refusal));
    if (settled.is === "retry") this.#retry_later(settled.key, settled.in_ms);
  }

  durable(to: number): void {
    this.#outbox = outbox.durable(this.#outbox, to);
  }

  disconnected(): void {
    this.#open = false;
  }

  /** Stops for good. Pending commands are rejected with `ConnectionClosed`: their outcome is unknown. */
  stop(why: string): void {
    this.#open = false;
    this.#stopped = why;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { reject } of this.#pending.values()) reject(new ConnectionClosed(why));
    this.#pending.clear();
    this.#outbox = outbox.EMPTY;
  }

  /** Sends the commands of one turn of the event loop in one frame. */
  #flush_soon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (!this.#open) return;
      const [next, commands] = outbox.take(this.#outbox, this.#keyed_ops);
      this.#outbox = next;
      for (const frame of write(commands, this.#batch, this.#bytes)) this.#send_frame(frame);
    });
  }

  #retry_later(key: string, in_ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#outbox = outbox.requeue(this.#outbox, key);
      this.#flush_soon();
    }, in_ms);
    this.#timers.add(timer);
  }

  #take_pending(key: string): PendingReply | undefined {
    const waiting = this.#pending.get(key);
    this.#pending.delete(key);
    return waiting;
  }
}
