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
  | { stops: true; log_in: boolean }
  /** Resumes after a time. With `yields` a newer connection of the player is in the way, which is not closed for this one. */
  | { stops: false; in_ms: number; new_token: boolean; yields: boolean };

/** The codes of a connection that had to give way to a newer one of its player. */
const GAVE_WAY: readonly number[] = [4006, 4008];
const MOVED = 4201;
const SESSION_REVOKED = 4302;

/**
 * Decides by the range of the close code, so that unknown codes are handled correctly too: 4000–4099 stop, 4200–4299 are spread over
 * a time, 4300–4399 need a new token, and all others are trouble of the server.
 *
 * `failures` counts the connections in a row that did not last; `chance` is a number in [0, 1). `was_open` says that the
 * object had welcomed the client before, on this connection or an earlier one.
 */
export function after_close(code: number, { after_ms }: CloseReason, failures: number, chance: number, was_open = false): CloseAction {
  const range = Math.floor(code / 100);
  const log_in = code === SESSION_REVOKED;
  const yields = was_open && GAVE_WAY.includes(code);
  if (log_in || (range === 40 && !yields)) return { stops: true, log_in };
  const new_token = range === 43;
  // Only this player moved to another object, or the token is expired. A second time in a row must not become a tight loop.
  const at_once = (code === MOVED || new_token) && failures === 0;
  const after = code === MOVED || yields ? 0 : (after_ms ?? 0);
  const spread = Math.round(chance * (after_ms ?? SPREAD_MS));
  const in_ms = range === 42 && code !== MOVED ? spread : after + (at_once ? 0 : jitter(failures, chance));
  return { stops: false, in_ms, new_token, yields };
}

/** Returns a random wait between 0.5 s and a ceiling that doubles with each failure, up to 30 s. */
export function jitter(failures: number, chance: number): number {
  const ceiling = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** (failures + 1));
  return Math.round(WAIT_MIN_MS + chance * (ceiling - WAIT_MIN_MS));
}

/** Parses the reason of a close: JSON of at most 123 bytes. Anything else gives an empty object. */
export function read_reason(text: string): CloseReason {
  try {
    const { why, after_ms } = Object(JSON.parse(text)) as Record<string, unknown>;
    return { ...(typeof why === "string" && { why }), ...(typeof after_ms === "number" && after_ms >= 0 && { after_ms }) };
  } catch {
    return {};
  }
}
