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
export type Variable<T> = Store<T> & { set(value: T): void };

export function variable<T>(value: T): Variable<T> {
  const listeners = new Set<() => void>();
  const listen = (look: () => void) => {
    listeners.add(look);
    return () => void listeners.delete(look);
  };
  return {
    ...derived(listen, () => value),
    set(next) {
      value = next;
      for (const look of [...listeners]) look();
    },
  };
}
