// Calls that an application can abort.

/** Options of every call: `signal` aborts it. The promise then rejects with the reason of the signal. */
export type CallOptions = { signal?: AbortSignal };

/** Returns the result of the work, unless the signal aborts first; the work itself goes on. */
export function abortable<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const off = on_abort(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(off);
  });
}

/** Calls the function when the signal aborts, at once if it has; the returned function stops that. */
export function on_abort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal?.aborted) run();
  signal?.addEventListener("abort", run);
  return () => signal?.removeEventListener("abort", run);
}

/** Returns a signal that aborts after a time, or when the given one aborts. */
export function deadline(ms: number, signal?: AbortSignal): AbortSignal {
  const { timeout, any } = AbortSignal as Partial<typeof AbortSignal>;
  if (timeout && !signal) return AbortSignal.timeout(ms);
  if (timeout && any && signal) return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
  // React Native has neither of the two functions.
  const controller = new AbortController();
  setTimeout(() => controller.abort(Object.assign(new Error(`No answer within ${ms} ms.`), { name: "TimeoutError" })), ms);
  on_abort(signal, () => controller.abort(signal?.reason));
  return controller.signal;
}

/** Throws the reason of a signal that has aborted. */
export function throw_if_aborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}
