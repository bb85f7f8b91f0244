// The handlers of an application: called outside of the client's own control flow, and never able to disturb it.

/** Handlers by the name of their event. `error` receives what another handler has thrown. */
export type Handlers = { error?: (error: unknown) => void };

type Handler<H, K extends keyof H> = Extract<NonNullable<H[K]>, (...values: never[]) => unknown>;
type Values<H, K extends keyof H> = Parameters<Handler<H, K>>;

/**
 * Calls handlers in a later microtask, in the order of their events: not in a constructor, not between two steps of the
 * client, and never twice for one turn where the event is only a hint to look again.
 */
export class Callbacks<H extends Handlers> {
  readonly #first: H;
  readonly #added = new Map<keyof H, Set<(...values: never[]) => unknown>>();
  #queue: (() => void)[] = [];
  #due = new Set<keyof H>();

  /** `handlers` are those that the application gave when it opened the connection. */
  constructor(handlers: H) {
    this.#first = handlers;
  }

  /** Adds a handler; the returned function removes it. */
  on<K extends keyof H>(name: K, handler: Handler<H, K>): () => void {
    const all = this.#added.get(name) ?? new Set();
    this.#added.set(name, all.add(handler));
    return () => void all.delete(handler);
  }

  /** Has the handlers of an event called with these values. */
  emit<K extends keyof H>(name: K, ...values: Values<H, K>): void {
    this.#later(() => this.#call(name, values));
  }

  /** Has the handlers of an event called, once for all calls of this turn. */
  emit_once<K extends keyof H>(name: K): void {
    if (this.#due.has(name)) return;
    this.#due.add(name);
    this.#later(() => {
      this.#due.delete(name);
      this.#call(name, []);
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

  #call(name: keyof H, values: unknown[]): void {
    for (const handler of this.#handlers(name)) {
      try {
        const done: unknown = handler(...values);
        // An asynchronous handler fails later.
        if (done instanceof Promise) done.catch((error: unknown) => this.#report(name, error));
      } catch (error) {
        this.#report(name, error);
      }
    }
  }

  #handlers(name: keyof H): ((...values: unknown[]) => unknown)[] {
    const first = this.#first[name] as ((...values: unknown[]) => unknown) | undefined;
    const added = [...(this.#added.get(name) ?? [])] as ((...values: unknown[]) => unknown)[];
    return first ? [(...values) => first.apply(this.#first, values), ...added] : added;
  }

  /** Reports the error of a handler to `error`; without one, or if `error` itself fails, as an uncaught error. */
  #report(name: keyof H, error: unknown): void {
    if (name !== "error" && this.#handlers("error").length > 0) return this.emit("error", ...([error] as Values<H, "error">));
    if (typeof globalThis.reportError === "function") globalThis.reportError(error);
    else console.error(error);
  }
}
