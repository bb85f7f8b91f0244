// How a command gets its answer: the outbox, with a promise for each command and the frames it goes out in.

import * as outbox from "./outbox.ts";
import type { Entry, Outbox } from "./outbox.ts";
import { Refused, random_key, write } from "./wire.ts";
import type { Command, Json, Reply, Welcome } from "./wire.ts";

/** The object is closed for good; nobody knows whether the last commands arrived. */
export class Stopped extends Error {
  constructor(why: string) {
    super(`the connection is closed: ${why}`);
    this.name = "Stopped";
  }
}

type Ok = Record<string, Json | undefined>;
type Waiting = { resolve: (ok: Ok) => void; reject: (error: Error) => void };

export class Sender {
  #box: Outbox = outbox.EMPTY;
  #waiting = new Map<string, Waiting>();
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #batch = 64;
  #bytes = 16_384;
  #stopped: string | null = null;
  /** Puts a frame on the connection; says `false` while there is none. */
  readonly #put: (frame: string) => boolean;
  #open = false;
  #flushing = false;

  constructor(put: (frame: string) => boolean) {
    this.#put = put;
  }

  /** What is not yet safe, oldest first. */
  get entries(): readonly Entry[] {
    return this.#box.entries;
  }

  /** Says a command that must arrive. The promise settles with the server's answer, however many connections later. */
  send(command: { op: string; body?: Json; to?: string; key?: string; ack?: "durable" }): Promise<Ok> {
    if (this.#stopped !== null) return Promise.reject(new Stopped(this.#stopped));
    const key = command.key ?? random_key();
    this.#box = outbox.put(this.#box, { ...command, key });
    const answer = new Promise<Ok>((resolve, reject) => this.#waiting.set(key, { resolve, reject }));
    this.#flush_soon();
    return answer;
  }

  /** Says something that is worth nothing later: now, or never. */
  hint(command: Command): void {
    if (this.#open) for (const frame of write([command], this.#batch, this.#bytes)) this.#put(frame);
  }

  /** A connection is there: what is unsafe is said again, by its key. */
  welcome(welcome: Welcome, same_epoch: boolean): void {
    this.#batch = welcome.limits.batch;
    this.#bytes = welcome.limits.frame_bytes;
    this.#box = outbox.reconnected(this.#box, same_epoch);
    if (welcome.durable !== undefined) this.#box = outbox.durable(this.#box, welcome.durable);
    this.#open = true;
    this.#flush_soon();
  }

  reply(reply: Reply): void {
    const [box, settled] = outbox.replied(this.#box, reply);
    this.#box = box;
    if (settled.is === "done") this.#settle(settled.key)?.resolve(settled.ok);
    if (settled.is === "refused") this.#settle(settled.key)?.reject(new Refused(settled.fault));
    if (settled.is === "later") this.#later(settled.key, settled.in_ms);
  }

  durable(to: number): void {
    this.#box = outbox.durable(this.#box, to);
  }

  lost(): void {
    this.#open = false;
  }

  /** Nothing more will be sent. Whoever still waits is told that the outcome is unknown. */
  stop(why: string): void {
    this.#open = false;
    this.#stopped = why;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { reject } of this.#waiting.values()) reject(new Stopped(why));
    this.#waiting.clear();
    this.#box = outbox.EMPTY;
  }

  /** What was said in one turn of the event loop shares a frame. */
  #flush_soon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (!this.#open) return;
      const [box, commands] = outbox.take(this.#box);
      this.#box = box;
      for (const frame of write(commands, this.#batch, this.#bytes)) this.#put(frame);
    });
  }

  #later(key: string, in_ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#box = outbox.again(this.#box, key);
      this.#flush_soon();
    }, in_ms);
    this.#timers.add(timer);
  }

  #settle(key: string): Waiting | undefined {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    return waiting;
  }
}
