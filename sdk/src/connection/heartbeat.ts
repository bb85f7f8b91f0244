// The heartbeat of a connection, and reports of the last position that the client has seen.

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
  /** True if a frame came after the ping that waits for an answer. */
  #answered = false;
  #seen_at = 0;
  #grace_ms = 0;
  #ping_timer: Timer;
  #grace_timer: Timer;
  #seen_timer: Timer;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /**
   * Starts with the interval that the welcome names, and pings at once: workerd ends a connection whose client never sent
   * a frame only 10 s after both sides have closed it, and browsers tell of a close only then.
   */
  start({ every_ms, grace_ms }: { every_ms: number; grace_ms: number }): void {
    this.stop();
    this.#grace_ms = grace_ms;
    this.#ping_timer = setInterval(() => {
      // An earlier ping without an answer counts from its own time.
      if (this.#grace_timer === undefined) this.probe();
      else this.#owner.ping();
    }, every_ms);
    this.probe();
  }

  /**
   * Asks for a sign of life now. The time to answer counts from the ping, not from the last frame: browsers delay the timers of
   * hidden pages, and a late timer must not look like silence.
   */
  probe(): void {
    this.#answered = false;
    this.#owner.ping();
    clearTimeout(this.#grace_timer);
    this.#grace_timer = setTimeout(() => {
      this.#grace_timer = undefined;
      if (!this.#answered) this.#owner.on_silence();
    }, this.#grace_ms);
  }

  stop(): void {
    clearInterval(this.#ping_timer);
    clearTimeout(this.#grace_timer);
    clearTimeout(this.#seen_timer);
    this.#grace_timer = this.#seen_timer = undefined;
  }

  /** Notes a frame of any kind as a sign of life. */
  received(): void {
    this.#answered = true;
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
