// The client's action when a connection closes: stop, log in, or resume at once, later or with a new token.

/** The shortest wait before a reconnect to a failing server. */
export const WAIT_MIN_MS = 500;
/** The longest wait before a reconnect. */
export const WAIT_MAX_MS = 30_000;
/** The time over which reconnects after a deploy are spread, if the close names none. */
const SPREAD_MS = 1_500;

/** The JSON in the reason of a server's close. */
export type CloseReason = { why?: string; after_ms?: number };

/** The client's next action. */
export type CloseAction =
  | { do: "stop"; code: number; why: string }
  | { do: "log_in"; code: number; why: string }
  | { do: "resume"; code: number; why: string; in_ms: number; new_token: boolean }
  /** A newer connection of the player is in the way: resumes once there is room, and never closes another for it. */
  | { do: "stand_by"; code: number; why: string; in_ms: number };

/** The codes of a connection that had to give way to a newer one of its player. */
const GAVE_WAY: readonly number[] = [4006, 4008];

/**
 * Decides by the range of the close code, so that unknown codes are handled correctly too.
 *
 * `failures` counts the connections in a row that did not last; `chance` is a number in [0, 1). `was_open` says that the
 * object had welcomed the client before, on this connection or an earlier one.
 */
export function after_close(code: number, reason: string, failures: number, chance: number, was_open = false): CloseAction {
  const { why = "", after_ms } = read_reason(reason);
  if (code === 4302) return { do: "log_in", code, why };
  if (was_open && GAVE_WAY.includes(code)) return { do: "stand_by", code, why, in_ms: jitter(failures, chance) };
  if (within(code, 4000)) return { do: "stop", code, why };
  if (code === 4201) {
    // Only this player moved to another object: reconnects at once, but only the first time.
    return { do: "resume", code, why, in_ms: failures === 0 ? 0 : jitter(failures, chance), new_token: false };
  }
  if (within(code, 4200)) {
    return { do: "resume", code, why, in_ms: Math.round(chance * (after_ms ?? SPREAD_MS)), new_token: false };
  }
  if (within(code, 4300)) {
    // The first refusal means an expired token. A second in a row does not, and must not become a tight loop.
    const in_ms = failures === 0 ? 0 : jitter(failures, chance);
    return { do: "resume", code, why, in_ms: (after_ms ?? 0) + in_ms, new_token: true };
  }
  // 4100–4199 and 1001, 1005, 1006, 1011, 1012; unknown codes are treated as server trouble too.
  return { do: "resume", code, why, in_ms: (after_ms ?? 0) + jitter(failures, chance), new_token: false };
}

/** Returns a random wait between 0.5 s and a ceiling that doubles with each failure, up to 30 s. */
export function jitter(failures: number, chance: number): number {
  const ceiling = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** (failures + 1));
  return Math.round(WAIT_MIN_MS + chance * (ceiling - WAIT_MIN_MS));
}

/** Parses the reason of a close: JSON of at most 123 bytes. Anything else gives an empty object. */
export function read_reason(text: string): CloseReason {
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
