// The heartbeat of a connection, and reports of the last position that the client has seen.

type Owner = {
  send: (text: string) => void;
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
  #ping_timer: Timer;
  #grace_timer: Timer;
  #seen_timer: Timer;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Starts with the interval that the welcome names. */
  start({ every_ms, grace_ms }: { every_ms: number; grace_ms: number }): void {
    this.stop();
    this.#ping_timer = setInterval(() => {
      const pinged_at = Date.now();
      this.#owner.send("ping");
      clearTimeout(this.#grace_timer);
      // Counted from the ping, not from the last frame: browsers delay the timers of hidden pages, and a late timer must
      // not look like silence.
      this.#grace_timer = setTimeout(() => {
        if (this.#received_at < pinged_at) this.#owner.on_silence();
      }, grace_ms);
    }, every_ms);
  }

  stop(): void {
    clearInterval(this.#ping_timer);
    clearTimeout(this.#grace_timer);
    clearTimeout(this.#seen_timer);
    this.#seen_timer = undefined;
  }

  /** Notes a frame of any kind as a sign of life. */
  received(): void {
    this.#received_at = Date.now();
  }

  /** Notes a new position; one `seen` command reports all positions of five seconds. */
  seen(at: number): void {
    this.#seen_at = at;
    this.#seen_timer ??= setTimeout(() => {
      this.#seen_timer = undefined;
      this.#owner.send(JSON.stringify({ op: "seen", body: { at: this.#seen_at } }));
    }, SEEN_INTERVAL_MS);
  }
  #seen_at = 0;
}
