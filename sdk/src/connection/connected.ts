// The part that rooms, lobbies and me sockets share for an application: handlers, the state of the connection, and its end.

import { closed_error } from "./closed.ts";
import { Socket } from "./socket.ts";
import type { ConnectionState, Stopped, Target } from "./socket.ts";
import { abortable } from "../events/abort.ts";
import type { CallOptions } from "../events/abort.ts";
import { Emitter } from "../events/emitter.ts";
import type { Off } from "../events/emitter.ts";
import { derived } from "../events/store.ts";
import type { Store } from "../events/store.ts";
import type { Session } from "../session/session.ts";
import type { Event, Welcome } from "../wire/wire.ts";

/** One player's connection to an object: it opens at once, and reconnects after every loss until it is closed for good. */
export abstract class Connected<E extends { changed: undefined; error: unknown }> {
  readonly connection: Store<ConnectionState>;
  /** The connection itself. @internal */
  protected readonly _socket: Socket;
  /** The handlers of the application. @internal */
  protected readonly _emitter = new Emitter<E>();

  /** Connects at once. @internal */
  protected constructor(target: Target, session: Session) {
    this._socket = new Socket(target, session, {
      on_messages: (messages) => {
        this._on_messages(messages);
        this._changed();
      },
      on_state: () => this._changed(),
      on_stop: (state) => this._on_stop(state),
    });
    this.connection = this._store(() => this._socket.state);
  }

  /** Adds a handler of an event; the returned function removes it. Handlers run after the client's own work, and may throw. */
  on<K extends keyof E>(name: K, handler: (event: E[K]) => unknown): Off {
    return this._emitter.on(name, handler);
  }

  /** Waits until the connection is open. Throws `ConnectionClosed` if this player is refused, and `SessionLost`. */
  opened({ signal }: CallOptions = {}): Promise<this> {
    let off = () => {};
    const open = new Promise<this>((resolve, reject) => {
      off = this.connection.subscribe((state) => {
        if (state.is === "open") resolve(this);
        if (state.is === "stopped") reject(closed_error(state));
      });
    });
    return abortable(open, signal).finally(() => off());
  }

  /** The server's clock minus this device's. */
  get skew_ms(): number {
    return this._socket.skew_ms;
  }

  /** Cuts the connection as a lost network would; it reconnects by itself. */
  disconnect(away_ms?: number): void {
    this._socket.disconnect(away_ms);
  }

  /** Disconnects for good. The server keeps the player's place for a while. */
  close(): void {
    this._socket.close();
  }

  /**
   * Handles the messages of a frame; an application hears of the change afterwards.
   *
   * @internal
   */
  protected abstract _on_messages(messages: (Welcome | Event)[]): void;

  /**
   * Settles the commands without a reply whose outcome is known, before the others are rejected.
   *
   * @internal
   */
  protected _on_stop(_state: Stopped): void {}

  /** Tells the application to look again. @internal */
  protected _changed(): void {
    this._emitter.emit_once("changed", undefined as E["changed"]);
  }

  /**
   * Returns the store of a value that changes with the object or its connection.
   *
   * @internal
   */
  protected _store<S>(read: () => S): Store<S> {
    return derived((look) => this.on("changed", look), read);
  }
}
