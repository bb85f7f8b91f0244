// One connection to one object: opens it, watches its heartbeat, reconnects and resumes.

import { monotonic } from "./clock.ts";
import { after_close, read_reason } from "./close_policy.ts";
import type { CloseReason } from "./close_policy.ts";
import { ConnectionClosed } from "./closed.ts";
import { NO_POSITION, opening_query, check_event, after_welcome } from "./log_position.ts";
import type { LogPosition } from "./log_position.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Outbox } from "./outbox.ts";
import type { Ok, Sent } from "./outbox.ts";
import { is_hidden, listen } from "./page_events.ts";
import { Sender } from "./sender.ts";
import { SessionLost } from "../session/tokens.ts";
import type { Session } from "../session/session.ts";
import { is_reply, is_welcome, read } from "../wire/frames.ts";
import { PROTOCOL } from "../wire/wire.ts";
import type { Command, Event, Message, Welcome } from "../wire/wire.ts";

/**
 * The state of the connection. `until` is the time of the next attempt, by this device's clock. With `why` `taken_over` or
 * `too_many_devices` another page or device of the player is in the way, and the connection resumes when that one is gone.
 */
export type ConnectionState =
  | { is: "connecting" }
  | { is: "open" }
  | { is: "waiting"; until: number; why: string }
  | Stopped;

/** The connection is closed for good. */
export type Stopped = { is: "stopped"; code: number; why: string; log_in: boolean };

/** The object behind a connection. These functions are the client's own; they must not call an application. */
export type Owner = {
  /** Called once per frame, after its replies are settled, with its messages in order and each event once. */
  on_messages: (messages: (Welcome | Event)[]) => void;
  on_state: (state: ConnectionState) => void;
  /** Called before the commands without a reply are rejected, to settle those whose outcome is known. */
  on_stop?: (state: Stopped) => void;
};

/** How long a connection may take until its welcome. */
const WELCOME_TIMEOUT_MS = 10_000;
/** A connection that lasted this long was stable: the next failure counts as the first again. */
const STABLE_AFTER_MS = 10_000;
/** The wait before a failed renewal of the token is tried again while the connection is open. */
const RENEW_AGAIN_MS = 5_000;
/** The `readyState` of an open WebSocket. */
const OPEN = 1;
/** The close code of a client that will reconnect; the server keeps the seat for any code. */
const CLOSE_TO_RESUME = 3000;

/** The object to connect to. */
export type Target = {
  url: string;
  /** The ops of the object that take a `key`. */
  keyed_ops: readonly string[];
  /** The last position that an earlier page has seen. */
  position?: LogPosition;
  /** Opens as a spectator. */
  watches?: boolean;
};

/** A connection that reconnects by itself until it is closed for good. */
export class Socket {
  readonly outbox: Outbox;
  /** The server's clock minus this device's, as of the last welcome. */
  skew_ms = 0;
  state: ConnectionState = { is: "connecting" };
  readonly #target: Target;
  readonly #session: Session;
  readonly #owner: Owner;
  readonly #sender: Sender;
  readonly #heartbeat: Heartbeat;
  readonly #unlisten: () => void;
  #position: LogPosition;
  /** The epoch of the last welcome, which a `resync` does not end. */
  #epoch: string | null = null;
  #ws: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #welcomed_at: number | null = null;
  #needs_new_token = false;
  /** True while a newer connection of the player is in the way. */
  #yields = false;
  /** The token of the current connection. */
  #token = "";

  /** Connects at once. */
  constructor(target: Target, session: Session, owner: Owner) {
    this.#target = target;
    this.#session = session;
    this.#owner = owner;
    this.#position = target.position ?? NO_POSITION;
    this.outbox = new Outbox(target.keyed_ops, () => this.#sender.flush_soon());
    this.#sender = new Sender(this.outbox, (frame) => this.#send(frame));
    this.#heartbeat = new Heartbeat({
      ping: () => this.#send("ping"),
      on_seen: (at) => this.send_once({ op: "seen", body: { at } }),
      on_silence: () => this.#lost("silent"),
    });
    this.#unlisten = listen({
      on_online: () => this.#connect_now(),
      on_offline: () => this.#cut("offline"),
      on_visible: () => this.#on_visible(),
    });
    void this.#connect();
  }

  /**
   * Sends a command that must arrive. The promise settles with the server's reply, even after reconnects. A signal ends the
   * waiting and the repeating; a command that was sent before may still be executed.
   */
  send(command: Command, signal?: AbortSignal): Sent<Ok> {
    return this.outbox.put(command, signal);
  }

  /** Sends a message only if there is a connection now; it is never repeated. */
  send_once(command: Command): void {
    this.#sender.send_once(command);
  }

  /** Cuts the connection as a lost network would; reconnects after `away_ms`, or by the rules of `close_policy.ts`. */
  disconnect(away_ms?: number): void {
    this.#cut("dropped", away_ms);
  }

  /** Closes the connection for good. */
  close(): void {
    if (this.state.is !== "stopped") this.#stop(1000, "closed here");
  }

  async #connect(): Promise<void> {
    this.#set_state({ is: "connecting" });
    const attempt = this.state;
    const token = await (this.#needs_new_token ? this.#session.renew() : this.#session.token()).catch((error: unknown) => error);
    if (this.state !== attempt) return;
    if (token instanceof SessionLost) return this.#stop(4302, "session_lost", true);
    if (typeof token !== "string") return this.#lost();
    this.#needs_new_token = false;
    this.#token = token;
    try {
      const { url, watches } = this.#target;
      const WebSocket = this.#session.platform.WebSocket ?? globalThis.WebSocket;
      this.#ws = new WebSocket(url + opening_query(this.#position, this.#yields, watches), [PROTOCOL, `matchpoint.bearer.${token}`]);
    } catch {
      // The address is invalid, or the page's security policy forbids it: no later attempt can succeed.
      return this.#stop(1006, "address");
    }
    this.#timer = setTimeout(() => this.#lost(), WELCOME_TIMEOUT_MS);
    this.#ws.onmessage = ({ data }) => this.#on_frame(String(data));
    this.#ws.onclose = ({ code, reason }) => this.#on_close(code, read_reason(reason));
  }

  #on_frame(text: string): void {
    this.#heartbeat.received();
    if (text === "pong") return;
    const frame = read(text);
    if (frame === null) return this.#on_close(CLOSE_TO_RESUME, { why: "unreadable" });
    const messages: (Welcome | Event)[] = [];
    const in_order = frame.every((message) => this.#on_message(message, messages));
    if (messages.length > 0) this.#owner.on_messages(messages);
    // Reconnects at once the first time only: a server that keeps leaving out events has a problem.
    if (!in_order) this.#on_close(CLOSE_TO_RESUME, { why: "behind" }, this.#failures === 0 ? 0 : undefined);
  }

  /** Returns false if events are missing: the connection must then be reopened. */
  #on_message(message: Message, messages: (Welcome | Event)[]): boolean {
    if (is_reply(message)) {
      this.#sender.replied(message.id, this.outbox.replied(message));
      return true;
    }
    if (is_welcome(message)) this.#on_welcome(message);
    else {
      // The welcome comes first: what comes before it belongs to no position.
      if (this.#welcomed_at === null) return false;
      if (message.ev === "resync") {
        this.#position = NO_POSITION;
        return false;
      }
      if (message.ev === "durable") this.outbox.durable(message.to);
      const is = check_event(this.#position, message);
      if (is === "gap") return false;
      if (is === "duplicate") return true;
      if (message.at !== undefined) {
        this.#position = { ...this.#position, at: message.at };
        this.#heartbeat.seen(message.at);
      }
    }
    messages.push(message);
    return true;
  }

  #on_welcome(welcome: Welcome): void {
    const { epoch, durable = 0, limits } = welcome;
    clearTimeout(this.#timer);
    this.outbox.reconnected(this.#epoch === epoch, welcome.at);
    this.outbox.durable(durable);
    this.#epoch = epoch;
    this.#position = after_welcome(this.#position, welcome);
    this.#welcomed_at = monotonic();
    this.#yields = false;
    this.skew_ms = welcome.now - Date.now();
    this.#heartbeat.start(welcome.heartbeat);
    this.#sender.connected(limits);
    this.#schedule_renewal(this.#session.renewal_due_ms);
    this.#set_state({ is: "open" });
  }

  /** Sends a newer token in time, so that the server does not close the connection when the old one expires. */
  #schedule_renewal(in_ms: number): void {
    const ws = this.#ws;
    this.#renewal = setTimeout(async () => {
      const token = await this.#session.token().catch(() => null);
      if (this.#ws !== ws || this.state.is !== "open") return;
      if (token === null) return this.#schedule_renewal(RENEW_AGAIN_MS);
      if (token !== this.#token) this.send_once({ op: "auth", body: { token } });
      this.#token = token;
      this.#schedule_renewal(this.#session.renewal_due_ms);
    }, in_ms);
  }

  /** Handles a connection that is lost without a close code. */
  #lost(why = "", in_ms?: number): void {
    this.#on_close(1006, { why }, in_ms);
  }

  /** Handles a closed connection. `in_ms` overrides the wait of the close policy. */
  #on_close(code: number, reason: CloseReason, in_ms?: number): void {
    if (this.#welcomed_at !== null && monotonic() - this.#welcomed_at > STABLE_AFTER_MS) this.#failures = 0;
    this.#disconnect();
    const { why = "" } = reason;
    const next = after_close(code, reason, this.#failures, Math.random(), this.#epoch !== null);
    if (next.stops) return this.#stop(code, why, next.log_in);
    this.#failures += 1;
    this.#yields = next.yields;
    this.#needs_new_token ||= next.new_token;
    const wait = in_ms ?? next.in_ms;
    this.#set_state({ is: "waiting", until: Date.now() + wait, why });
    this.#timer = setTimeout(() => {
      // A hidden page lets the others keep their connection: it asks for room when it is looked at.
      if (!this.#yields || !is_hidden()) void this.#connect();
    }, wait);
  }

  #stop(code: number, why: string, log_in = false): void {
    const state: Stopped = { is: "stopped", code, why, log_in };
    this.#disconnect();
    this.#unlisten();
    this.#owner.on_stop?.(state);
    this.outbox.close(new ConnectionClosed(code, why));
    this.#set_state(state);
  }

  /** Drops the current connection without waiting for its close event. */
  #disconnect(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#renewal);
    this.#heartbeat.stop();
    this.#sender.disconnected();
    this.#welcomed_at = null;
    const ws = this.#ws;
    this.#ws = null;
    if (!ws) return;
    ws.onmessage = ws.onclose = null;
    ws.close(CLOSE_TO_RESUME);
  }

  /** Reconnects now instead of later: the device is online again, or the page is looked at. */
  #connect_now(): void {
    if (this.state.is !== "waiting") return;
    clearTimeout(this.#timer);
    void this.#connect();
  }

  /** Catches up with what a hidden page could not do in time. */
  #on_visible(): void {
    if (this.state.is === "open") this.#heartbeat.probe();
    if (this.state.is === "waiting" && (this.#yields || this.state.until <= Date.now())) this.#connect_now();
  }

  /** Drops the connection for a reason of this device. */
  #cut(why: string, in_ms?: number): void {
    if (this.state.is === "open" || this.state.is === "connecting") this.#lost(why, in_ms);
  }

  #send(frame: string): void {
    if (this.#ws?.readyState === OPEN) this.#ws.send(frame);
  }

  #set_state(state: ConnectionState): void {
    this.state = state;
    this.#owner.on_state(state);
  }
}
