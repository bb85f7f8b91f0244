// The time by which this device waits: it never jumps when the device's clock is set.

/** Returns a time in milliseconds that only grows while the page runs. */
export function monotonic(): number {
  return performance.now();
}
