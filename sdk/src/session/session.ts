// A player's session: the player, the tokens, and requests to the region as this player.

import { abortable } from "../events/abort.ts";
import type { CallOptions } from "../events/abort.ts";
import { read, send } from "../http/http.ts";
import type { HttpRequest, Platform } from "../http/http.ts";
import { LoginTokens, granted } from "./login_tokens.ts";
import type { SessionPlace, TokenGrant } from "./login_tokens.ts";
import { LoginStore } from "./login_store.ts";
import type { StoredSession } from "./login_store.ts";
import { OwnTokens } from "./own_tokens.ts";
import type { GetToken } from "./own_tokens.ts";
import { claims } from "./tokens.ts";
import type { TokenSource } from "./tokens.ts";

/** A sign-in with an identity provider. `nonce` is the one that the app sent to it; `label` names the device. */
export type IdToken = { id_token: string; nonce?: string; label?: string };

/** Tokens that an application's backend has got from the region for the player. Without a refresh token they end. */
export type AdoptedTokens = { access_token: string; refresh_token?: string; expires_in: number };

/**
 * A player's session. It renews its tokens by itself, with one renewal at a time among all tabs of a browser that hold the login.
 */
export class Session {
  readonly region: string;
  /** The player's id. */
  readonly player: string;
  /** The name that a guest chose; empty for other players, whose name is in their profile. */
  readonly name: string;
  /** The id of the login; empty if the token does not tell. */
  readonly sid: string;
  readonly platform: Platform;
  readonly #tokens: TokenSource;

  private constructor({ region, platform }: SessionPlace, tokens: TokenSource, { player, name, sid = "" }: Pick<StoredSession, "player" | "name" | "sid">) {
    this.region = region;
    this.platform = platform;
    this.player = player;
    this.name = name;
    this.sid = sid;
    this.#tokens = tokens;
  }

  /** Opens a session for a new guest, if the region allows guests. */
  static guest(place: SessionPlace, name: string, { label, signal }: CallOptions & { label?: string } = {}): Promise<Session> {
    return Session.#open(place, name, { guest: { name }, ...(label !== undefined && { label }) }, signal);
  }

  /** Opens a session for the player of an id token. */
  static sign_in(place: SessionPlace, token: IdToken, { signal }: CallOptions = {}): Promise<Session> {
    return Session.#open(place, "", token, signal);
  }

  /** Returns the session that this tab had before a reload, if any. */
  static restore(place: SessionPlace): Session | null {
    const stored = new LoginStore(place.store).load();
    return stored && new Session(place, new LoginTokens(place, stored), stored);
  }

  /** Makes a session of tokens that the application has got elsewhere. */
  static adopt(place: SessionPlace, { access_token, refresh_token = "", expires_in }: AdoptedTokens): Session {
    const { sub: player = "", sid } = claims(access_token);
    return Session.#granted(place, "", { player, access_token, refresh_token, expires_in, ...(sid !== undefined && { sid }) });
  }

  /** Makes a session whose tokens the application provides, each time that one is needed. */
  static async provided(place: SessionPlace, get: GetToken, { signal }: CallOptions = {}): Promise<Session> {
    const token = await abortable(Promise.resolve(get()), signal);
    const { sub: player = "", sid = "" } = claims(token);
    return new Session(place, new OwnTokens(get, token), { player, name: "", sid });
  }

  /** The time until the token should be renewed, in milliseconds. */
  get renewal_due_ms(): number {
    return this.#tokens.renewal_due_ms;
  }

  /** Returns an access token that is not about to expire. Throws `SessionLost` if the session has ended. */
  token(): Promise<string> {
    return this.#tokens.token();
  }

  /** Returns a new access token, even if the old one is still valid. */
  renew(): Promise<string> {
    return this.#tokens.renew();
  }

  /** Deletes the session from this device's storage. */
  forget(): void {
    this.#tokens.forget();
  }

  /** Sends a request as this player, and reads the response: `path` belongs to the region, or is a whole address. */
  async request<T>(path: string, request: HttpRequest = {}): Promise<T> {
    return read<T>(await this.response(path, request));
  }

  /** Sends a request as this player; repeats it once with a renewed token if the token is refused. */
  async response(path: string, request: HttpRequest = {}): Promise<Response> {
    const url = path.startsWith("/") ? this.region + path : path;
    const attempt = async (token: Promise<string>) => {
      const headers = { ...request.headers, authorization: `Bearer ${await abortable(token, request.signal)}` };
      return send(this.platform, url, { ...request, headers });
    };
    const answer = await attempt(this.token());
    return answer.status === 401 ? attempt(this.renew()) : answer;
  }

  static async #open(place: SessionPlace, name: string, body: object, signal: AbortSignal | undefined): Promise<Session> {
    const answer = await send(place.platform, `${place.region}/v1/sessions`, { method: "POST", body, signal });
    return Session.#granted(place, name, await read<TokenGrant>(answer));
  }

  static #granted(place: SessionPlace, name: string, grant: TokenGrant): Session {
    const stored = granted({ name }, grant);
    return new Session(place, new LoginTokens(place, stored), stored);
  }
}
