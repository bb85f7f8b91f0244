// Access tokens that the application itself provides, from its own backend.

import { monotonic } from "../connection/clock.ts";
import { LOOK_AGAIN_MS, TokenSource, claims, due_at, renew_at } from "./tokens.ts";

/** Returns a new access token of the player, as the application's backend gives it. Throw `SessionLost` to stop for good. */
export type GetToken = () => Promise<string> | string;

/** Keeps the token that the application provided last, and asks for the next one before it expires. */
export class OwnTokens extends TokenSource {
  readonly #get: GetToken;
  #token = "";
  #due_at = 0;

  constructor(get: GetToken, token: string) {
    super();
    this.#get = get;
    this.#keep(token);
  }

  protected newest(): string {
    return this.#token;
  }

  protected left_ms(): number {
    return this.#due_at - monotonic();
  }

  protected async fetch(): Promise<string> {
    return this.#keep(await this.#get());
  }

  #keep(token: string): string {
    const { exp } = claims(token);
    this.#due_at = due_at(renew_at(typeof exp === "number" ? exp - Date.now() / 1000 : LOOK_AGAIN_MS / 1000));
    return (this.#token = token);
  }
}
