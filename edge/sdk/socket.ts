// One connection to one object: opens it, watches its heartbeat, reconnects and resumes.

import { after_close } from "./close_policy.ts";
import type { CloseAction } from "./close_policy.ts";
import { NO_POSITION, resume_query, check_event, after_welcome } from "./log_position.ts";
import type { LogPosition } from "./log_position.ts";
import { Heartbeat } from "./heartbeat.ts";
import { CommandSender } from "./sender.ts";
import { SessionLost } from "./session.ts";
import type { Session } from "./session.ts";
import { is_reply, is_welcome, read } from "./frames.ts";
import { PROTOCOL } from "./wire.ts";
import type { Event, Message, Welcome } from "./wire.ts";

/** The state of the connection. `until` is the time of the next attempt, by this device's clock. */
export type ConnectionState =
  | { is: "connecting" }
  | { is: "open" }
  | { is: "waiting"; until: number; why: string }
  | { is: "stopped"; code: number; why: string; log_in: boolean };

export type Handlers = {
  /** Called once per frame, after its replies are settled, with its messages in order and each event once. */
  on_messages: (messages: (Welcome | Event)[]) => void;
  on_state: (state: ConnectionState) => void;
};

/** How long a connection may take until its welcome. */
const WELCOME_TIMEOUT_MS = 10_000;
/** A connection that lasted this long was stable: the next failure counts as the first again. */
const STABLE_AFTER_MS = 10_000;
/** The close code of a client that will reconnect; the server keeps the seat for any code. */
const CLOSE_TO_RESUME = 3000;

/** A connection that reconnects by itself until it is closed for good. */
export class Socket {
  readonly sender: CommandSender;
  /** The server's clock minus this device's, as of the last welcome. */
  skew_ms = 0;
  #url: string;
  #session: Session;
  #handlers: Handlers;
  #position: LogPosition;
  #state: ConnectionState = { is: "connecting" };
  #ws: WebSocket | null = null;
  #heartbeat: Heartbeat;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #welcomed_at: number | null = null;
  #needs_new_token = false;

  /** Connects at once. `keyed_ops` are the ops of the object that take a `key`; `position` is the last one that an earlier page has seen. */
  constructor(url: string, session: Session, handlers: Handlers, keyed_ops: readonly string[], position = NO_POSITION) {
    this.#url = url;
    this.#session = session;
    this.#handlers = handlers;
    this.#position = position;
    this.#heartbeat = new Heartbeat({ send: (text) => this.#send(text), on_silence: () => this.#on_close(1006, '{"why":"silent"}') });
    this.sender = new CommandSender((frame) => this.#send(frame), keyed_ops);
    globalThis.addEventListener?.("online", this.#on_online);
    void this.#connect();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get position(): LogPosition {
    return this.#position;
  }

  /** Cuts the connection as a lost network would; reconnects after `away_ms`, or by the rules of `close_policy.ts`. */
  disconnect(away_ms?: number): void {
    if (this.#state.is === "open" || this.#state.is === "connecting") this.#on_close(1006, '{"why":"dropped"}', away_ms);
  }

  /** Closes the connection for good. */
  close(): void {
    if (this.#state.is !== "stopped") this.#stop({ is: "stopped", code: 1000, why: "closed here", log_in: false });
  }

  async #connect(): Promise<void> {
    this.#set_state({ is: "connecting" });
    let token: string;
    try {
      token = await (this.#needs_new_token ? this.#session.renew() : this.#session.token());
    } catch (error) {
      if (this.#state.is !== "connecting") return;
      if (!(error instanceof SessionLost)) return this.#on_close(1006, "");
      return this.#stop({ is: "stopped", code: 4302, why: "session_lost", log_in: true });
    }
    if (this.#state.is !== "connecting" || this.#ws) return;
    this.#needs_new_token = false;
    const ws = new WebSocket(this.#url + resume_query(this.#position), [PROTOCOL, `matchpoint.bearer.${token}`]);
    this.#ws = ws;
    this.#timer = setTimeout(() => this.#on_close(1006, ""), WELCOME_TIMEOUT_MS);
    ws.onmessage = ({ data }) => this.#on_frame(String(data));
    ws.onclose = ({ code, reason }) => this.#on_close(code, reason);
  }

  #on_frame(text: string): void {
    this.#heartbeat.received();
    if (text === "pong") return;
    const messages: (Welcome | Event)[] = [];
    const in_order = read(text).every((message) => this.#on_message(message, messages));
    if (messages.length > 0) this.#handlers.on_messages(messages);
    // Reconnects at once the first time only: a server that keeps leaving out events has a problem.
    if (!in_order) this.#on_close(CLOSE_TO_RESUME, '{"why":"behind"}', this.#failures === 0 ? 0 : undefined);
  }

  /** Returns false if events are missing: the connection must then be reopened. */
  #on_message(message: Message, messages: (Welcome | Event)[]): boolean {
    if (is_reply(message)) {
      this.sender.reply(message);
      return true;
    }
    if (is_welcome(message)) {
      this.#on_welcome(message);
      messages.push(message);
      return true;
    }
    if (message.ev === "resync") {
      this.#position = NO_POSITION;
      return false;
    }
    if (message.ev === "durable") this.sender.durable(message.to);
    const checked = check_event(this.#position, message);
    if (checked.is === "gap") return false;
    if (checked.is === "duplicate") return true;
    if (checked.is === "next") {
      this.#position = checked.position;
      this.#heartbeat.seen(checked.position.at);
    }
    messages.push(message);
    return true;
  }

  #on_welcome(welcome: Welcome): void {
    clearTimeout(this.#timer);
    const same_epoch = this.#position.epoch === welcome.epoch;
    this.#position = after_welcome(this.#position, welcome);
    this.#welcomed_at = Date.now();
    this.skew_ms = welcome.now - Date.now();
    this.#heartbeat.start(welcome.heartbeat);
    this.sender.connected(welcome, same_epoch);
    this.#schedule_renewal();
    this.#set_state({ is: "open" });
  }

  /** Sends a newer token in time, so that the server does not close the connection when the old one expires. */
  #schedule_renewal(): void {
    this.#renewal = setTimeout(async () => {
      const token = await this.#session.token().catch(() => null);
      if (token === null || this.#state.is !== "open") return;
      this.sender.send_ephemeral({ op: "auth", body: { token } });
      clearTimeout(this.#renewal);
      this.#schedule_renewal();
    }, this.#session.renewal_due_ms);
  }

  /** Handles a lost connection. `in_ms` overrides the wait of the close policy. */
  #on_close(code: number, reason: string, in_ms?: number): void {
    const was_stable = this.#welcomed_at !== null && Date.now() - this.#welcomed_at > STABLE_AFTER_MS;
    if (was_stable) this.#failures = 0;
    this.#disconnect();
    const next: CloseAction = after_close(code, reason, this.#failures, Math.random());
    if (next.do !== "resume") {
      return this.#stop({ is: "stopped", code: next.code, why: next.why, log_in: next.do === "log_in" });
    }
    this.#failures += 1;
    this.#needs_new_token ||= next.new_token;
    const wait = in_ms ?? next.in_ms;
    this.#set_state({ is: "waiting", until: Date.now() + wait, why: next.why });
    this.#timer = setTimeout(() => void this.#connect(), wait);
  }

  #stop(state: ConnectionState & { is: "stopped" }): void {
    this.#disconnect();
    globalThis.removeEventListener?.("online", this.#on_online);
    this.sender.stop(state.why || String(state.code));
    this.#set_state(state);
  }

  /** Drops the current connection without waiting for its close event. */
  #disconnect(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#renewal);
    this.#heartbeat.stop();
    this.sender.disconnected();
    this.#welcomed_at = null;
    const ws = this.#ws;
    this.#ws = null;
    if (!ws) return;
    ws.onmessage = null;
    ws.onclose = null;
    ws.close(CLOSE_TO_RESUME);
  }

  /** Reconnects at once when the device is online again. */
  #on_online = (): void => {
    if (this.#state.is !== "waiting") return;
    clearTimeout(this.#timer);
    void this.#connect();
  };

  #send(frame: string): boolean {
    if (this.#ws?.readyState !== WebSocket.OPEN) return false;
    this.#ws.send(frame);
    return true;
  }

  #set_state(state: ConnectionState): void {
    this.#state = state;
    this.#handlers.on_state(state);
  }
}
