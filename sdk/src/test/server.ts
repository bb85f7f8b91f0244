// A server in memory for the tests of applications: queue, match, room, moves and lost connections, without a network.

import { Matchpoint } from "../matchpoint.ts";
import type { Json } from "../wire/wire.ts";
import { FakeLobby } from "./lobby.ts";
import type { FakePool } from "./lobby.ts";
import { FakeRoom } from "./room.ts";
import type { FakeGame } from "./room.ts";
import { FakeSocket } from "./socket.ts";
import type { Host } from "./socket.ts";

/** Options of a fake server. */
export type FakeServerOptions = {
  /** The pools by their names; without them there is the pool `test`. */
  pools?: Record<string, FakePool>;
  /** The game of all rooms; without it they are rooms to talk in. */
  game?: FakeGame;
  /** Answers the requests that the fake server does not know, such as those for profiles; `null` for 404. */
  http?: (method: string, path: string, body: Json, player: string | null) => Json | null;
};

const URL_OF_IT = "http://matchpoint.test";

/** A room, a lobby and a region in one process. Each player is a client of its own. */
export class FakeServer {
  /** The rooms by their ids. */
  readonly rooms = new Map<string, FakeRoom>();
  readonly #lobbies: Map<string, FakeLobby>;
  readonly #options: FakeServerOptions;
  /** The players with their names. */
  readonly #players = new Map<string, string>();

  constructor(options: FakeServerOptions = {}) {
    this.#options = options;
    const pools = Object.entries(options.pools ?? { test: {} });
    this.#lobbies = new Map(pools.map(([name, rules]) => [name, new FakeLobby(name, rules, (players) => this.create_room(players).id)]));
  }

  /** Makes a client of this server. No player is signed in. */
  client(): Matchpoint {
    return new Matchpoint({ url: URL_OF_IT, fetch: this.fetch, WebSocket: this.WebSocket, storage: null });
  }

  /** Signs a guest in, and returns the client. */
  async player(name: string): Promise<Matchpoint> {
    const client = this.client();
    await client.guest(name);
    return client;
  }

  /** Creates a room with a seat for each player. */
  create_room(players: readonly string[]): FakeRoom {
    const named = players.map((player): [string, string] => [player, this.#players.get(player) ?? player]);
    const room = new FakeRoom(`m_${this.rooms.size + 1}`, named, this.#options.game ?? null);
    this.rooms.set(room.id, room);
    return room;
  }

  /** Closes the connections of a player, or all, as a lost network does. They reconnect by themselves. */
  cut(player?: string): void {
    for (const host of [...this.rooms.values(), ...this.#lobbies.values()]) host.cut(player);
  }

  /** Closes all connections for good, so that a test can end. */
  close(): void {
    for (const host of [...this.rooms.values(), ...this.#lobbies.values()]) host.cut(undefined, 4011);
  }

  /** The `fetch` of the server's clients. */
  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    const body = (typeof init.body === "string" ? JSON.parse(init.body) : null) as Json;
    const token = new Headers(init.headers).get("authorization")?.replace("Bearer ", "") ?? "";
    const player = this.#players.has(token) ? token : null;
    const answer = this.#answer(init.method ?? "GET", url, body, player);
    if (answer !== null) return new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } });
    const problem = { status: 404, code: "not_found", detail: `The fake server has no ${url.pathname}: answer it with \`http\`.` };
    return new Response(JSON.stringify(problem), { status: 404 });
  };

  /** The `WebSocket` of the server's clients. */
  WebSocket = this.#socket_class() as unknown as new (url: string, protocols: string[]) => WebSocket;

  #socket_class(): new (url: string, protocols: string[]) => FakeSocket {
    const open = (url: string, protocols: string[]) => this.#host(new URL(url).pathname, protocols[1]?.replace("matchpoint.bearer.", "") ?? "");
    return class extends FakeSocket {
      constructor(url: string, protocols: string[]) {
        super(url, ...open(url, protocols));
      }
    };
  }

  #host(path: string, token: string): [string, Host] {
    const [kind, id = ""] = path.replace("/v1/", "").split("/").map(decodeURIComponent);
    const nowhere: Host = { open: (socket) => socket.end(4011, "not_found"), receive() {}, closed() {} };
    const me: Host = {
      open: (socket) => socket.welcome({ devices: [] }),
      receive: (socket, command) => socket.reply(command, { devices: [] }),
      closed() {},
    };
    const found = kind === "rooms" ? this.rooms.get(id) : kind === "lobbies" ? this.#lobbies.get(id) : kind === "me" ? me : undefined;
    return [token, this.#players.has(token) ? (found ?? nowhere) : { ...nowhere, open: (socket) => socket.end(4302, "session_revoked") }];
  }

  #answer(method: string, { pathname }: URL, body: Json, player: string | null): Json | null {
    if (pathname === "/v1/config") return { region: URL_OF_IT, pools: [...this.#lobbies.keys()], rules: {} };
    if (pathname === "/v1/sessions" && method === "POST") {
      const id = `p_${this.#players.size + 1}`;
      this.#players.set(id, (body as { guest?: { name: string } } | null)?.guest?.name ?? id);
      return grant(id);
    }
    if (pathname === "/v1/sessions/refresh") return grant((body as { refresh_token: string }).refresh_token);
    if (pathname.startsWith("/v1/sessions/") && method === "DELETE" && player !== null) {
      this.#players.delete(player);
      return {};
    }
    if (pathname === "/v1/rooms" && method === "POST" && player !== null) return { room: this.create_room([player]).id };
    return this.#options.http?.(method, pathname, body, player) ?? null;
  }
}

/** The tokens of a player: the player's id. */
function grant(player: string): Json {
  return { player, sid: `s_${player}`, access_token: player, refresh_token: player, expires_in: 3_600 };
}
