// Access tokens: where a session gets them from, and the error of a session that has ended.

/** The source of a session's access tokens. */
export type TokenSource = {
  /** Returns an access token that is not about to expire. */
  token(): Promise<string>;
  /** Returns a new access token, even if the old one is still valid. */
  renew(): Promise<string>;
  /** The time until the token should be renewed, in milliseconds. */
  readonly renewal_due_ms: number;
  /** Deletes what is stored of the session on this device. */
  forget(): void;
};

/** The session is not renewed: it was revoked or is too old. The player must sign in again. */
export class SessionLost extends Error {
  /** The reason, such as `session_revoked`. */
  readonly why: string;

  constructor(why: string) {
    super(`The session has ended: ${why}. Sign in again.`);
    this.name = "SessionLost";
    this.why = why;
  }
}

/** A token is renewed a minute before it expires, or in its last fifth: a slow connection must not arrive too late. */
const RENEW_EARLY_S = 60;
const RENEW_EARLY_FRACTION = 0.2;
/** The longest time until the next look at a token, and the longest that a stored one is believed to be valid. */
export const LOOK_AGAIN_MS = 3_600_000;

/** Returns the time at which a token should be renewed, by the device's clock. `expires_in` is in seconds. */
export function renew_at(expires_in: number): number {
  return Date.now() + 1000 * (expires_in - Math.min(RENEW_EARLY_S, RENEW_EARLY_FRACTION * expires_in));
}

/** The claims of an access token that a client reads. The token is verified by the servers alone. */
export type Claims = { sub?: string; sid?: string; exp?: number };

/** Returns the claims of a token; none if it is not a JSON web token. */
export function claims(token: string): Claims {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    return Object(JSON.parse(atob(payload))) as Claims;
  } catch {
    return {};
  }
}
