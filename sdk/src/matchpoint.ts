// A deployment of Matchpoint as one player uses it: sessions, queues, rooms, and everything over HTTP.

import { abortable, throw_if_aborted } from "./events/abort.ts";
import type { CallOptions } from "./events/abort.ts";
import { variable } from "./events/store.ts";
import type { Store } from "./events/store.ts";
import { path, read, send, socket_url } from "./http/http.ts";
import type { HttpRequest, Platform } from "./http/http.ts";
import type { Attrs, Criteria } from "./lobby/criteria.ts";
import { Lobby } from "./lobby/lobby.ts";
import type { LobbyOptions } from "./lobby/lobby.ts";
import { wait_for_match } from "./lobby/queue.ts";
import type { Match, QueueOptions } from "./lobby/queue.ts";
import type { RoomTypes } from "./room/events.ts";
import { Room } from "./room/room.ts";
import type { RoomOptions } from "./room/room.ts";
import { tab_storage } from "./session/login_store.ts";
import type { SessionStore } from "./session/login_store.ts";
import type { GetToken } from "./session/own_tokens.ts";
import { Session } from "./session/session.ts";
import type { SessionPlace } from "./session/login_tokens.ts";
import type { AdoptedTokens, IdToken } from "./session/session.ts";
import type { Config, CreatedRoom, NewRoom, RoomSummary } from "./wire/region.ts";

/** Options of a client. */
export type Options = Platform & {
  /** The address of the edge, such as `https://edge.example`. */
  url: string;
  /** Where the session survives a reload: by default `sessionStorage` where there is one. `null` keeps it in memory only. */
  storage?: SessionStore | null;
};

/**
 * The client of one player. Nothing is sent before the first call. `@matchpoint/client/region` has profiles, follows and history, and
 * `@matchpoint/client/presence` who is online.
 *
 *     const matchpoint = new Matchpoint({ url: "https://edge.example" });
 *     await matchpoint.guest("Ana");
 *     const match = await matchpoint.queue("speed-dating");
 *     const room = await matchpoint.room(match.room);
 */
export class Matchpoint {
  readonly url: string;
  /** The session of the signed-in player; `null` before one signs in. */
  readonly session: Store<Session | null>;
  readonly platform: Platform;
  readonly #storage: SessionStore | null;
  readonly #session = variable<Session | null>(null);
  #config: Promise<Config> | null = null;

  constructor({ url, storage = tab_storage(), fetch, WebSocket }: Options) {
    this.url = url.replace(/\/+$/, "");
    this.platform = { fetch, WebSocket };
    this.#storage = storage;
    this.session = this.#session;
  }

  /** Makes a client, and reads the configuration: fails at once if the edge does not answer. */
  static async at(url: string, options: Omit<Options, "url"> & CallOptions = {}): Promise<Matchpoint> {
    const client = new Matchpoint({ ...options, url });
    await client.config(options);
    return client;
  }

  /** Returns the edge's configuration: the region's address, the pools, and the rules of each. It is read once. */
  config({ signal }: CallOptions = {}): Promise<Config> {
    this.#config ??= this.#read_config().catch((error: unknown) => {
      this.#config = null;
      throw error;
    });
    return abortable(this.#config, signal);
  }

  /** Signs a new guest in, if the region allows guests. `label` names the device in the list of logins. */
  async guest(name: string, options: CallOptions & { label?: string } = {}): Promise<Session> {
    return this.#enter(await Session.guest(await this.#place(options), name, options));
  }

  /** Signs a player in with the id token of an identity provider. */
  async sign_in(token: IdToken, options: CallOptions = {}): Promise<Session> {
    return this.#enter(await Session.sign_in(await this.#place(options), token, options));
  }

  /**
   * Signs a player in with tokens that the application's own backend has got from the region, or with a function that returns an
   * access token each time that one is needed.
   */
  async adopt(tokens: AdoptedTokens | GetToken, options: CallOptions = {}): Promise<Session> {
    const place = await this.#place(options);
    return this.#enter(typeof tokens === "function" ? await Session.provided(place, tokens, options) : Session.adopt(place, tokens));
  }

  /** Signs the player in who was signed in before a reload, if any. */
  async restore(options: CallOptions = {}): Promise<Session | null> {
    const session = Session.restore(await this.#place(options));
    return session && this.#enter(session);
  }

  /** Returns the session of the signed-in player. Throws if there is none. */
  signed_in(): Session {
    const session = this.#session.get();
    if (!session) throw new Error("No player is signed in: call guest(), sign_in() or restore() first.");
    return session;
  }

  /** Signs the player out: ends this login, or with `everywhere` all logins of the player. The login's connections close. */
  async sign_out({ everywhere = false, signal }: CallOptions & { everywhere?: boolean } = {}): Promise<void> {
    const session = this.signed_in();
    await read(await session.response(everywhere ? "/v1/sessions" : path("/v1/sessions/", session.sid), { method: "DELETE", signal }));
    this.forget();
  }

  /** Forgets the session on this device, without ending the login. */
  forget(): void {
    this.#session.get()?.forget();
    this.#session.set(null);
  }

  /**
   * Waits in a queue until the player is matched. In a pool with proposals `accept` answers them. Throws `Refused`, `NotMatched`,
   * `ConnectionClosed` or `SessionLost`; the signal withdraws the ticket.
   */
  async queue<A extends Attrs = Attrs>(pool: string, criteria?: Criteria<A>, { key, ...options }: QueueOptions = {}): Promise<Match> {
    throw_if_aborted(options.signal);
    return wait_for_match(this.open_lobby<A>(pool, criteria, key === undefined ? {} : { key }), options);
  }

  /** Connects to a room, and waits until it is open. Throws `ConnectionClosed` if it refuses the player. */
  async room<T extends RoomTypes = object>(id: string, { signal, ...options }: RoomOptions & CallOptions = {}): Promise<Room<T>> {
    throw_if_aborted(signal);
    const room = this.open_room<T>(id, options);
    try {
      return await room.opened(signal ? { signal } : {});
    } catch (error) {
      room.close();
      throw error;
    }
  }

  /** Connects to the lobby of a pool; the result opens, and reconnects, by itself. `queue` is the short form. */
  open_lobby<A extends Attrs = Attrs>(pool: string, criteria?: Criteria<A>, options?: LobbyOptions): Lobby<A> {
    return new Lobby<A>(socket_url(this.url, path("/v1/lobbies/", pool)), pool, this.signed_in(), criteria, options);
  }

  /** Connects to a room; the result opens, and reconnects, by itself. */
  open_room<T extends RoomTypes = object>(id: string, options?: RoomOptions): Room<T> {
    return new Room<T>(socket_url(this.url, path("/v1/rooms/", id)), id, this.signed_in(), options);
  }

  /** Creates an open room that the player owns, and returns its id: every player who knows it may take a free seat. */
  async create_room(room: Omit<NewRoom, "players" | "owner"> = {}, { signal }: CallOptions = {}): Promise<string> {
    return (await this.edge<CreatedRoom>("/v1/rooms", { method: "POST", body: room, signal })).room;
  }

  /** Returns the public summary of a room: its members, and whether it is over. */
  room_summary(id: string, { signal }: CallOptions = {}): Promise<RoomSummary> {
    return this.edge(path("/v1/rooms/", id), { signal });
  }

  /** Sends a request to the region, as the signed-in player if there is one. `@matchpoint/client/region` has the typed calls. */
  async region<T>(at: string, request: HttpRequest = {}): Promise<T> {
    return read(await this.response((await this.config(request)).region + at, request));
  }

  /** Sends a request to the edge, as the signed-in player if there is one. */
  async edge<T>(at: string, request: HttpRequest = {}): Promise<T> {
    return read(await this.response(this.url + at, request));
  }

  /** Sends a request to an address of the region or the edge, as the signed-in player if there is one. */
  response(url: string, request: HttpRequest = {}): Promise<Response> {
    const session = this.#session.get();
    return session ? session.response(url, request) : send(this.platform, url, request);
  }

  async #read_config(): Promise<Config> {
    const config = await read<Config>(await send(this.platform, `${this.url}/v1/config`));
    return { ...config, region: config.region.replace(/\/+$/, "") };
  }

  async #place(options: CallOptions): Promise<SessionPlace> {
    const { region } = await this.config(options);
    return { region, store: this.#storage, platform: this.platform };
  }

  #enter(session: Session): Session {
    this.#session.set(session);
    return session;
  }
}
