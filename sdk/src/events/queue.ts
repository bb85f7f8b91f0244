// Events as an asynchronous iterator: they wait until the application reads them.

import { on_abort } from "./abort.ts";
import type { Off } from "./emitter.ts";

/** The number of events that may wait. A loop that falls behind by more misses some, and fails. */
const WAITING_MAX = 10_000;

/** The sources of an iterator. */
export type Source<T> = {
  /** Calls `push` with each event, until the returned function is called. */
  listen: (push: (event: T) => void, end: () => void) => Off;
  signal?: AbortSignal | undefined;
};

/**
 * Iterates over events from now on. The loop ends when the source does, and throws the reason of the signal when that aborts.
 */
export function iterate<T>({ listen, signal }: Source<T>): AsyncIterableIterator<T> {
  let waiting: T[] = [];
  let ended = false;
  let failure: { error: unknown } | null = null;
  let wake = () => {};
  const stop = () => {
    ended = true;
    off();
    off_abort();
    wake();
  };
  const fail = (error: unknown) => {
    failure ??= { error };
    stop();
  };
  const push = (event: T) => {
    if (waiting.push(event) > WAITING_MAX) fail(new RangeError(`More than ${WAITING_MAX} events wait: read them faster.`));
    wake();
  };
  let off_abort = () => {};
  const off = listen(push, () => stop());
  off_abort = on_abort(signal, () => fail(signal?.reason));

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      for (;;) {
        if (failure) throw failure.error;
        if (waiting.length > 0) return { done: false, value: waiting.shift() as T };
        if (ended) return { done: true, value: undefined };
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    async return() {
      waiting = [];
      stop();
      return { done: true, value: undefined };
    },
  };
}
