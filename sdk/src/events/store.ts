// Values that change, in the form that React's `useSyncExternalStore`, Svelte and Vue take.

import type { Off } from "./emitter.ts";

/**
 * A value that changes. `get` returns the same reference until it does. `subscribe` calls its function with the value now, and
 * after each change.
 */
export type Store<T> = { get(): T; subscribe(run: (value: T) => void): Off };

/** Returns the store of a value that `read` computes; `listen` calls its function when the value may have changed. */
export function derived<T>(listen: (look: () => void) => Off, read: () => T): Store<T> {
  return {
    get: read,
    subscribe(run) {
      let last = read();
      const off = listen(() => {
        const value = read();
        if (!Object.is(value, last)) run((last = value));
      });
      run(last);
      return off;
    },
  };
}

/** A store whose owner sets its value. */
export class Variable<T> implements Store<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();
  readonly #store = derived(
    (look) => {
      this.#listeners.add(look);
      return () => void this.#listeners.delete(look);
    },
    () => this.#value,
  );

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    for (const look of [...this.#listeners]) look();
  }

  subscribe(run: (value: T) => void): Off {
    return this.#store.subscribe(run);
  }
}
