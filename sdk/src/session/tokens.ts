// Access tokens: where a session gets them from, and the error of a session that has ended.

import { monotonic } from "../connection/clock.ts";
import { Failure } from "../failure.ts";

/** The source of a session's access tokens. It renews them one at a time. */
export abstract class TokenSource {
  #renewing: Promise<string> | null = null;

  /** Returns an access token that is not about to expire. */
  async token(): Promise<string> {
    return this.left_ms() > 0 ? this.newest() : this.renew();
  }

  /** Returns a new access token, even if the old one is still valid. */
  renew(): Promise<string> {
    this.#renewing ??= this.fetch().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  /** The time until the token should be renewed, in milliseconds. */
  get renewal_due_ms(): number {
    return Math.min(LOOK_AGAIN_MS, Math.max(LOOK_AGAIN_MIN_MS, this.left_ms()));
  }

  /** Deletes what is stored of the session on this device. */
  forget(): void {}

  /** Returns the newest token. */
  protected abstract newest(): string;
  /** Returns the time for which the newest token is good, in milliseconds. */
  protected abstract left_ms(): number;
  /** Gets, keeps and returns a new token. */
  protected abstract fetch(): Promise<string>;
}

/** The session is not renewed: it was revoked or is too old. The player must sign in again. */
export class SessionLost extends Failure {
  /** The reason, such as `session_revoked`. */
  declare readonly why: string;

  constructor(why: string) {
    super("SessionLost", `The session has ended: ${why}. Sign in again.`, { why });
  }
}

/** A token is renewed a minute before it expires, or in its last fifth: a slow connection must not arrive too late. */
const RENEW_EARLY_S = 60;
const RENEW_EARLY_FRACTION = 0.2;
/** The longest and the shortest time until the next look at a token; a stored one is believed to be valid for the longest. */
export const LOOK_AGAIN_MS = 3_600_000;

const LOOK_AGAIN_MIN_MS = 1_000;

/** Returns the time at which a token should be renewed, by the device's clock. `expires_in` is in seconds. */
export function renew_at(expires_in: number): number {
  return Date.now() + 1000 * (expires_in - Math.min(RENEW_EARLY_S, RENEW_EARLY_FRACTION * expires_in));
}

/** Returns when a token that should be renewed at a time of the device's clock is due by the clock that never jumps. */
export function due_at(renew_at: number): number {
  return monotonic() + Math.min(LOOK_AGAIN_MS, renew_at - Date.now());
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
