// What to do when a connection ends: stop, wait, come back at once, or get a new token first.

/** The shortest wait before coming back to a server in trouble. */
export const WAIT_MIN_MS = 500;
/** The longest. */
export const WAIT_MAX_MS = 30_000;
/** What a deploy spreads its players over, where the close names no time. */
const SPREAD_MS = 1_500;

/** What a server writes into the reason of a close. */
export type Reason = { why?: string; after_ms?: number };

/** What the client does next. */
export type Next =
  | { do: "stop"; code: number; why: string }
  | { do: "log_in"; code: number; why: string }
  | { do: "resume"; code: number; why: string; in_ms: number; new_token: boolean };

/**
 * Decides by the range of the close code, so that a code this client has never heard of still does the right thing.
 *
 * `failures` counts the connections in a row that did not last; `chance` is a number in [0, 1).
 */
export function after_close(code: number, reason: string, failures: number, chance: number): Next {
  const { why = "", after_ms } = read_reason(reason);
  if (code === 4302) return { do: "log_in", code, why };
  if (within(code, 4000)) return { do: "stop", code, why };
  if (code === 4201) {
    // One's place is known, and nobody else was sent there: at once, but not again and again.
    return { do: "resume", code, why, in_ms: failures === 0 ? 0 : jitter(failures, chance), new_token: false };
  }
  if (within(code, 4200)) {
    return { do: "resume", code, why, in_ms: Math.round(chance * (after_ms ?? SPREAD_MS)), new_token: false };
  }
  if (within(code, 4300)) {
    // A first refusal is the token's age. A second in a row is not, and must not become a tight loop.
    const in_ms = failures === 0 ? 0 : jitter(failures, chance);
    return { do: "resume", code, why, in_ms: (after_ms ?? 0) + in_ms, new_token: true };
  }
  // 4100–4199 and 1001, 1005, 1006, 1011, 1012 by the table; what is not in the table is trouble just the same.
  return { do: "resume", code, why, in_ms: (after_ms ?? 0) + jitter(failures, chance), new_token: false };
}

/** Full jitter between 0.5 s and a ceiling that doubles with each failure, up to 30 s. */
export function jitter(failures: number, chance: number): number {
  const ceiling = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** (failures + 1));
  return Math.round(WAIT_MIN_MS + chance * (ceiling - WAIT_MIN_MS));
}

/** The reason is at most 123 bytes of JSON; whatever else stands there says nothing. */
export function read_reason(text: string): Reason {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return {};
    const { why, after_ms } = value as Record<string, unknown>;
    return {
      ...(typeof why === "string" && { why }),
      ...(typeof after_ms === "number" && after_ms >= 0 && { after_ms }),
    };
  } catch {
    return {};
  }
}

function within(code: number, from: number): boolean {
  return code >= from && code < from + 100;
}
