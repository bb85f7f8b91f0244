// The me socket: presence of followed players, the player's own devices, and notices.

import { Connected } from "../connection/connected.ts";
import { is_hidden } from "../connection/page_events.ts";
import type { CallOptions } from "../events/abort.ts";
import type { Store } from "../events/store.ts";
import { socket_url } from "../http/http.ts";
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

/** The player whose me socket is opened: a `Matchpoint` after the sign-in. */
export type SignedIn = { readonly url: string; signed_in(): Session };

const OFFLINE: PresenceAt = { state: "offline", as_of: 0 };

/**
 * The me socket of one player.
 *
 *     const me = new Me(matchpoint);
 *     me.on("changed", () => console.log(me.online));
 */
export class Me extends Connected<MeEvents> {
  /** The presence of followed players that the player may see, by player. Others are offline. */
  readonly presences: Store<ReadonlyMap<string, PresenceAt>>;
  /** Never changed in place. */
  #presences: ReadonlyMap<string, PresenceAt> = new Map();

  constructor(player: SignedIn) {
    super({ url: socket_url(player.url, "/v1/me"), keyed_ops: ME_KEYED }, player.signed_in());
    this.presences = this._store(() => this.#presences);
    globalThis.document?.addEventListener("visibilitychange", this.#report_visibility);
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
    const answer = await this._socket.send({ op: "devices" }, signal);
    return answer.devices as unknown as Device[];
  }

  /** Confirms messages of your own backend, so that they do not come again. */
  async read(ids: string[], { signal }: CallOptions = {}): Promise<void> {
    await this._socket.send({ op: "read", body: { ids } }, signal);
  }

  /** Closes the me socket for good. */
  override close(): void {
    globalThis.document?.removeEventListener("visibilitychange", this.#report_visibility);
    super.close();
  }

  /** Applies the messages of a frame. @internal */
  protected _on_messages(messages: (Welcome | Event)[]): void {
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
        this._emitter.emit("notice", message.body);
      }
    }
    if (changed) this.#presences = presences;
  }

  /** Reports whether this page is visible: a player with no visible page on any device is away. */
  #report_visibility = (): void => {
    this._socket.send_once({ op: "active", body: { active: !is_hidden() } });
  };
}
