// The me socket: presence of followed players, the player's own devices, and notices.

import { Callbacks } from "../events/callbacks.ts";
import { is_hidden } from "../connection/page_events.ts";
import { Socket } from "../connection/socket.ts";
import type { ConnectionState } from "../connection/socket.ts";
import type { Session } from "../session/session.ts";
import { is_welcome } from "../wire/frames.ts";
import { ME_KEYED } from "../wire/wire.ts";
import type { Device, Event, Notice, PresenceState, Welcome } from "../wire/wire.ts";

/** The presence of a player. Of two updates the one with the later `as_of` counts, in whatever order they arrive. */
export type PresenceAt = { state: PresenceState; as_of: number };

/** Handlers are called after the client's own work, and may throw: `error` then receives the error. */
export type MeHandlers = {
  /** The presence of a player or the connection has changed. Called at most once per frame. */
  changed?: () => void;
  /** A notice about this player: `signed_out`, `banned`, `session_ended`. */
  notice?: (notice: Notice) => void;
  /** Another handler has thrown an error, which changed nothing for the connection. */
  error?: (error: unknown) => void;
};

/** The me socket of one player. */
export class Me {
  #callbacks: Callbacks<MeHandlers>;
  #socket: Socket;
  #presence = new Map<string, PresenceAt>();

  constructor(url: string, session: Session, handlers: MeHandlers) {
    this.#callbacks = new Callbacks(handlers);
    const on_messages = (messages: (Welcome | Event)[]) => this.#on_messages(messages);
    this.#socket = new Socket(url, session, { on_messages, on_state: () => this.#callbacks.emit_once("changed") }, ME_KEYED);
    globalThis.document?.addEventListener("visibilitychange", this.#report_visibility);
  }

  /** Adds a handler beside those of the constructor; the returned function removes it. */
  on<K extends keyof MeHandlers>(name: K, handler: NonNullable<MeHandlers[K]>): () => void {
    return this.#callbacks.on(name, handler as never);
  }

  get connection(): ConnectionState {
    return this.#socket.state;
  }

  /** @deprecated The former name of `connection`. */
  get line(): ConnectionState {
    return this.connection;
  }

  /** Returns the presence of a player; players whose presence is hidden are offline. */
  presence(player: string): PresenceAt {
    return this.#presence.get(player) ?? { state: "offline", as_of: 0 };
  }

  /** @deprecated The former name of `presence`. */
  sight(player: string): PresenceAt {
    return this.presence(player);
  }

  /** Followed players who are not offline. */
  get online(): string[] {
    return [...this.#presence].filter(([, presence]) => presence.state !== "offline").map(([player]) => player);
  }

  /** Returns all connections of this player. */
  async devices(): Promise<Device[]> {
    const answer = await this.#socket.sender.send({ op: "devices" });
    return answer.devices as unknown as Device[];
  }

  /** Closes the me socket for good. */
  close(): void {
    globalThis.document?.removeEventListener("visibilitychange", this.#report_visibility);
    this.#socket.close();
  }

  #on_messages(messages: (Welcome | Event)[]): void {
    for (const message of messages) {
      if (is_welcome(message)) {
        // The server then sends the presence of every player who is not offline.
        this.#presence.clear();
        this.#report_visibility();
      } else if (message.ev === "presence") {
        const { player, state, as_of } = message.body;
        const known = this.#presence.get(player);
        if (!known || known.as_of <= as_of) this.#presence.set(player, { state, as_of });
      } else if (message.ev === "notice") {
        this.#callbacks.emit("notice", message.body);
      }
    }
    this.#callbacks.emit_once("changed");
  }

  /** Reports whether this page is visible: a player with no visible page on any device is away. */
  #report_visibility = (): void => {
    this.#socket.sender.send_ephemeral({ op: "active", body: { active: !is_hidden() } });
  };
}
