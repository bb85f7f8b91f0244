// The events of an object for an application: its handlers run outside of the client's own control flow, and never disturb it.

/** Stops what the function that returned it has started. */
export type Off = () => void;

type Handler = (event: never) => unknown;

/**
 * Calls handlers in a later microtask, in the order of their events: not in a constructor, not between two steps of the
 * client, and once for one turn where the event is only a hint to look again. `E` are the events by their names.
 */
export class Emitter<E extends { error: unknown }> {
  readonly #handlers = new Map<keyof E, Set<Handler>>();
  #queue: (() => void)[] = [];
  #due = new Set<keyof E>();

  /** Adds a handler; the returned function removes it. */
  on<K extends keyof E>(name: K, handler: (event: E[K]) => unknown): Off {
    const all = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, all.add(handler));
    return () => void all.delete(handler);
  }

  /** Has the handlers of an event called with it. */
  emit<K extends keyof E>(name: K, event: E[K]): void {
    this.#later(() => this.#call(name, event));
  }

  /** Has the handlers of an event called, once for all calls of this turn. */
  emit_once<K extends keyof E>(name: K, event: E[K]): void {
    if (this.#due.has(name)) return;
    this.#due.add(name);
    this.#later(() => {
      this.#due.delete(name);
      this.#call(name, event);
    });
  }

  #later(call: () => void): void {
    if (this.#queue.push(call) > 1) return;
    queueMicrotask(() => {
      const due = this.#queue;
      this.#queue = [];
      for (const call of due) call();
    });
  }

  #call(name: keyof E, event: unknown): void {
    for (const handler of [...(this.#handlers.get(name) ?? [])]) {
      try {
        const done = handler(event as never);
        // An asynchronous handler fails later.
        if (done instanceof Promise) done.catch((error: unknown) => this.#report(name, error));
      } catch (error) {
        this.#report(name, error);
      }
    }
  }

  /** Reports the error of a handler to `error`; without such a handler, or if it fails itself, as an uncaught error. */
  #report(name: keyof E, error: unknown): void {
    if (name !== "error" && this.#handlers.get("error")?.size) return this.emit("error", error as E["error"]);
    if (typeof globalThis.reportError === "function") globalThis.reportError(error);
    else console.error(error);
  }
}
