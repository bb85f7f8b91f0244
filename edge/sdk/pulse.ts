// Signs of life on a connection: the heartbeat, and word of how far this client has read.

type Owner = {
  say: (text: string) => void;
  /** The other side has said nothing for too long. */
  silent: () => void;
};

/** A client says how far it has seen at most so often, and only when there was something new. */
const SEEN_MS = 5_000;

type Timer = ReturnType<typeof setTimeout> | undefined;

export class Pulse {
  readonly #owner: Owner;
  #heard_at = 0;
  #beat: Timer;
  #grace: Timer;
  #seen: Timer;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** Begins with a welcome, which says the pace. */
  start({ every_ms, grace_ms }: { every_ms: number; grace_ms: number }): void {
    this.stop();
    this.#beat = setInterval(() => {
      const asked_at = Date.now();
      this.#owner.say("ping");
      clearTimeout(this.#grace);
      // Counted from the question, not from the last word heard: browsers ring the timers of a hidden page late, and
      // lateness must not look like silence.
      this.#grace = setTimeout(() => {
        if (this.#heard_at < asked_at) this.#owner.silent();
      }, grace_ms);
    }, every_ms);
  }

  stop(): void {
    clearInterval(this.#beat);
    clearTimeout(this.#grace);
    clearTimeout(this.#seen);
    this.#seen = undefined;
  }

  /** Any frame counts as life. */
  heard(): void {
    this.#heard_at = Date.now();
  }

  /** Something new was seen. One word in five seconds covers all of it. */
  progress(at: number): void {
    this.#at = at;
    this.#seen ??= setTimeout(() => {
      this.#seen = undefined;
      this.#owner.say(JSON.stringify({ op: "seen", body: { at: this.#at } }));
    }, SEEN_MS);
  }
  #at = 0;
}
