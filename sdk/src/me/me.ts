// The me socket: presence of followed players, the player's own devices, and notices.

import { opened } from "../connection/opened.ts";
import { is_hidden } from "../connection/page_events.ts";
import { Socket } from "../connection/socket.ts";
import type { ConnectionState } from "../connection/socket.ts";
import type { CallOptions } from "../events/abort.ts";
import { Emitter } from "../events/emitter.ts";
import type { Off } from "../events/emitter.ts";
import { derived } from "../events/store.ts";
import type { Store } from "../events/store.ts";
import type { Session } from "../session/session.ts";
import { is_welcome } from "../wire/frames.ts";
import { ME_KEYED } from "../wire/wire.ts";
import type { Device, Event, Notice, PresenceState, Welcome } from "../wire/wire.ts";

/** The presence of a player. Of two updates the one with the later `as_of` counts, in whatever order they arrive. */
export type PresenceAt = { state: PresenceState; as_of: number };

/** The events of a me socket, for `me.on`. */
export type MeEvents = {
  /** The presence of a player or the connection has changed. Emitted at most once per frame. */
  changed: undefined;
  /** A notice about this player: `signed_out`, `banned`, `session_ended`; `message` from your own backend, which comes on each
   * connection until `read` confirms it; and `read`, where another device of the player has done so. */
  notice: Notice;
  /** Another handler has thrown this error, which changed nothing for the connection. */
  error: unknown;
};

const OFFLINE: PresenceAt = { state: "offline", as_of: 0 };

/** The me socket of one player. */
export class Me {
  readonly connection: Store<ConnectionState>;
  /** The presence of followed players that the player may see, by player. Others are offline. */
  readonly presences: Store<ReadonlyMap<string, PresenceAt>>;
  #emitter = new Emitter<MeEvents>();
  #socket: Socket;
  /** Never changed in place. */
  #presences: ReadonlyMap<string, PresenceAt> = new Map();

  /** `url` is the address of the me socket at the edge, such as `wss://edge.example/v1/me`. */
  constructor(url: string, session: Session) {
    const on_messages = (messages: (Welcome | Event)[]) => this.#on_messages(messages);
    const on_state = () => this.#emitter.emit_once("changed", undefined);
    this.#socket = new Socket({ url, keyed_ops: ME_KEYED }, session, { on_messages, on_state });
    const look = (run: () => void) => this.on("changed", run);
    this.connection = derived(look, () => this.#socket.state);
    this.presences = derived(look, () => this.#presences);
    globalThis.document?.addEventListener("visibilitychange", this.#report_visibility);
  }

  /** Adds a handler; the returned function removes it. Handlers run after the client's own work, and may throw. */
  on<K extends keyof MeEvents>(name: K, handler: (event: MeEvents[K]) => unknown): Off {
    return this.#emitter.on(name, handler);
  }

  /** Waits until the socket is open. Throws `ConnectionClosed` if it is refused, and `SessionLost`. */
  async opened(options: CallOptions = {}): Promise<this> {
    await opened(this.connection, options);
    return this;
  }

  /** Returns the presence of a player; players whose presence is hidden are offline. */
  presence(player: string): PresenceAt {
    return this.#presences.get(player) ?? OFFLINE;
  }

  /** Followed players who are not offline. */
  get online(): string[] {
    return [...this.#presences].filter(([, presence]) => presence.state !== "offline").map(([player]) => player);
  }

  /** Returns all connections of this player. */
  async devices({ signal }: CallOptions = {}): Promise<Device[]> {
    const answer = await this.#socket.sender.send({ op: "devices" }, signal);
    return answer.devices as unknown as Device[];
  }

  /** Confirms messages of your own backend, so that they do not come again. */
  async read(ids: string[], { signal }: CallOptions = {}): Promise<void> {
    await this.#socket.sender.send({ op: "read", body: { ids } }, signal);
  }

  /** Cuts the connection as a lost network would; it reconnects by itself. */
  disconnect(away_ms?: number): void {
    this.#socket.disconnect(away_ms);
  }

  /** Closes the me socket for good. */
  close(): void {
    globalThis.document?.removeEventListener("visibilitychange", this.#report_visibility);
    this.#socket.close();
  }

  #on_messages(messages: (Welcome | Event)[]): void {
    const presences = new Map(this.#presences);
    let changed = false;
    for (const message of messages) {
      if (is_welcome(message)) {
        // The server then sends the presence of every player who is not offline.
        presences.clear();
        changed = true;
        this.#report_visibility();
      } else if (message.ev === "presence") {
        const { player, state, as_of } = message.body;
        if ((presences.get(player) ?? OFFLINE).as_of > as_of) continue;
        presences.set(player, { state, as_of });
        changed = true;
      } else if (message.ev === "notice") {
        this.#emitter.emit("notice", message.body);
      }
    }
    if (changed) this.#presences = presences;
    this.#emitter.emit_once("changed", undefined);
  }

  /** Reports whether this page is visible: a player with no visible page on any device is away. */
  #report_visibility = (): void => {
    this.#socket.sender.send_ephemeral({ op: "active", body: { active: !is_hidden() } });
  };
}
