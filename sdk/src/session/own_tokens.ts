// Access tokens that the application itself provides, from its own backend.

import { monotonic } from "../connection/clock.ts";
import { LOOK_AGAIN_MS, claims, renew_at } from "./tokens.ts";
import type { TokenSource } from "./tokens.ts";

/** Returns a new access token of the player, as the application's backend gives it. Throw `SessionLost` to stop for good. */
export type GetToken = () => Promise<string> | string;

/** Keeps the token that the application provided last, and asks for the next one before it expires. */
export class OwnTokens implements TokenSource {
  readonly #get: GetToken;
  #token: string;
  #due_at: number;
  #renewing: Promise<string> | null = null;

  constructor(get: GetToken, token: string) {
    this.#get = get;
    this.#token = token;
    this.#due_at = due_at(token);
  }

  async token(): Promise<string> {
    return monotonic() < this.#due_at ? this.#token : this.renew();
  }

  renew(): Promise<string> {
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  get renewal_due_ms(): number {
    return Math.min(LOOK_AGAIN_MS, Math.max(1_000, this.#due_at - monotonic()));
  }

  forget(): void {
    // Nothing is stored.
  }

  async #renew(): Promise<string> {
    this.#token = await this.#get();
    this.#due_at = due_at(this.#token);
    return this.#token;
  }
}

/** Returns when a token is due, by the clock that never jumps. */
function due_at(token: string): number {
  const { exp } = claims(token);
  const left_s = typeof exp === "number" ? exp - Date.now() / 1000 : LOOK_AGAIN_MS / 1000;
  return monotonic() + Math.min(LOOK_AGAIN_MS, renew_at(left_s) - Date.now());
}
