// The heartbeat of a connection, and reports of the last position that the client has seen.

import { monotonic } from "./clock.ts";

type Owner = {
  ping: () => void;
  /** Reports the newest position that the client has seen. */
  on_seen: (at: number) => void;
  /** Called when the other side was silent for too long. */
  on_silence: () => void;
};

/** The shortest time between two `seen` commands. */
const SEEN_INTERVAL_MS = 5_000;

type Timer = ReturnType<typeof setTimeout> | undefined;

/** Sends pings and `seen` commands, and detects silence. */
export class Heartbeat {
  readonly #owner: Owner;
  #received_at = 0;
  #seen_at = 0;
  #grace_ms = 0;
  #ping_timer: Timer;
  #grace_timer: Timer;
  #seen_timer: Timer;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /**
   * Starts with the interval that the welcome names, and pings once: workerd ends a connection whose client never sent
   * a frame only 10 s after both sides have closed it, and browsers tell of a close only then.
   */
  start({ every_ms, grace_ms }: { every_ms: number; grace_ms: number }): void {
    this.stop();
    this.#grace_ms = grace_ms;
    this.#owner.ping();
    this.#ping_timer = setInterval(() => this.probe(), every_ms);
  }

  /** Asks for a sign of life now. */
  probe(): void {
    const pinged_at = monotonic();
    this.#owner.ping();
    clearTimeout(this.#grace_timer);
    // Counted from the ping, not from the last frame: browsers delay the timers of hidden pages, and a late timer must not
    // look like silence.
    this.#grace_timer = setTimeout(() => {
      if (this.#received_at < pinged_at) this.#owner.on_silence();
    }, this.#grace_ms);
  }

  stop(): void {
    clearInterval(this.#ping_timer);
    clearTimeout(this.#grace_timer);
    clearTimeout(this.#seen_timer);
    this.#seen_timer = undefined;
  }

  /** Notes a frame of any kind as a sign of life. */
  received(): void {
    this.#received_at = monotonic();
  }

  /** Notes a new position; one `seen` command reports all positions of five seconds. */
  seen(at: number): void {
    this.#seen_at = at;
    this.#seen_timer ??= setTimeout(() => {
      this.#seen_timer = undefined;
      this.#owner.on_seen(this.#seen_at);
    }, SEEN_INTERVAL_MS);
  }
}
