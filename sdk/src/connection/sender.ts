// Sends the messages of one connection at the pace of its limits: commands from the outbox, and messages that are sent once.

import { monotonic } from "./clock.ts";
import type { Outbox } from "./outbox.ts";
import { Pace } from "./pace.ts";
import { write } from "../wire/frames.ts";
import type { Command, Limits } from "../wire/wire.ts";

/** The sender of one connection. */
export class Sender {
  readonly #outbox: Outbox;
  /** Sends a frame. */
  readonly #send_frame: (frame: string) => void;
  /** Messages that no reply confirms, the newest of each kind; lost with the connection. */
  readonly #ephemeral = new Map<string, Command>();
  readonly #pace = new Pace();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The limits of the open connection; `null` while there is none. */
  #limits: Limits | null = null;
  #flushing = false;

  constructor(outbox: Outbox, send_frame: (frame: string) => void) {
    this.#outbox = outbox;
    this.#send_frame = send_frame;
  }

  /**
   * Sends a message only if there is a connection now; it is never repeated. Where the rate limit makes it wait, a newer
   * one of the same op and recipient replaces it.
   */
  send_once(command: Command): void {
    if (!this.#limits) return;
    const kind = `${command.op} ${"to" in command ? (command.to ?? "") : ""}`;
    this.#ephemeral.delete(kind);
    this.#ephemeral.set(kind, command);
    this.#flush();
  }

  /** Starts a new connection. */
  connected(limits: Limits): void {
    this.#limits = limits;
    this.#pace.start(limits, monotonic());
    this.flush_soon();
  }

  disconnected(): void {
    this.#limits = null;
    this.#ephemeral.clear();
    clearTimeout(this.#timer);
  }

  /** Notes a reply, and the time that the rate limit demands, if it has refused the command. */
  replied(id: unknown, held_ms?: number): void {
    const now = monotonic();
    this.#pace.answered(id, now);
    if (held_ms !== undefined) this.#pace.refused(held_ms, now);
    this.flush_soon();
  }

  /** Sends the commands of one turn of the event loop in one frame. */
  flush_soon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  /**
   * Sends what the rate limit allows now: the client's own messages, then commands in order, then hints, which leave half
   * of the burst to commands. A timer sends the rest, or, where a reply must come first, the reply.
   */
  #flush(): void {
    clearTimeout(this.#timer);
    if (!this.#limits) return;
    const pace = this.#pace;
    const now = monotonic();
    const spared = this.#limits.burst / 2;
    const messages = this.#take_ephemeral(false, 0, now);
    messages.push(...this.#outbox.take(() => pace.available(now) > 0, (id) => pace.sent(id, now)));
    messages.push(...this.#take_ephemeral(true, spared, now));
    for (const frame of write(messages, this.#limits)) this.#send_frame(frame);
    const waiting = [...this.#ephemeral.values()];
    const first = this.#outbox.has_unsent || waiting.some(({ op }) => op !== "hint");
    if (!first && waiting.length === 0) return;
    const wait = pace.wait(first ? 1 : spared + 1, now);
    if (wait !== null) this.#timer = setTimeout(() => this.#flush(), wait);
  }

  /** Takes the waiting messages of one kind, hints or others, and leaves the rate limit room for `spared` messages. */
  #take_ephemeral(hints: boolean, spared: number, now: number): Command[] {
    const taken: Command[] = [];
    for (const [kind, command] of this.#ephemeral) {
      if ((command.op === "hint") !== hints || this.#pace.available(now) <= spared) continue;
      this.#ephemeral.delete(kind);
      this.#pace.sent(null, now);
      taken.push(command);
    }
    return taken;
  }
}
