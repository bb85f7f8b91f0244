// One connection to one object, kept up: it opens, listens for life, and comes back to where it was.

import { after_close } from "./closing.ts";
import type { Next } from "./closing.ts";
import { NOWHERE, query, step, welcomed } from "./place.ts";
import type { Place } from "./place.ts";
import { Pulse } from "./pulse.ts";
import { Sender } from "./sender.ts";
import { SessionLost } from "./session.ts";
import type { Session } from "./session.ts";
import { PROTOCOL, is_reply, is_welcome, read } from "./wire.ts";
import type { Event, Message, Welcome } from "./wire.ts";

/** How the connection is. `until` is when the next attempt is made, in this device's time. */
export type Line =
  | { is: "connecting" }
  | { is: "open" }
  | { is: "waiting"; until: number; why: string }
  | { is: "stopped"; code: number; why: string; log_in: boolean };

export type Handlers = {
  /** One frame's news, in order, each event once. Called once a frame, after its replies are settled. */
  heard: (news: (Welcome | Event)[]) => void;
  line: (line: Line) => void;
};

/** How long a connection may take to its welcome. */
const DIAL_MS = 10_000;
/** A connection that held so long was a good one: the next failure is the first again. */
const LASTED_MS = 10_000;
/** What a client closes with when it will be back; the server keeps the seat for any code. */
const BACK_SOON = 3000;

export class Socket {
  readonly sender: Sender;
  /** The server's time less this device's, as of the last welcome. */
  skew_ms = 0;
  #url: string;
  #session: Session;
  #handlers: Handlers;
  #place: Place;
  #line: Line = { is: "connecting" };
  #ws: WebSocket | null = null;
  #pulse: Pulse;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #welcomed_at: number | null = null;
  #new_token = false;

  /** Opens at once. `place` is where an earlier page left off. */
  constructor(url: string, session: Session, handlers: Handlers, place: Place = NOWHERE) {
    this.#url = url;
    this.#session = session;
    this.#handlers = handlers;
    this.#place = place;
    this.#pulse = new Pulse({ say: (text) => this.#put(text), silent: () => this.#lost(1006, '{"why":"silent"}') });
    this.sender = new Sender((frame) => this.#put(frame));
    globalThis.addEventListener?.("online", this.#online);
    void this.#dial();
  }

  get line(): Line {
    return this.#line;
  }

  get place(): Place {
    return this.#place;
  }

  /** Cuts the connection as a lost network would, and comes back after `away_ms`, or when the trouble table says. */
  drop(away_ms?: number): void {
    if (this.#line.is === "open" || this.#line.is === "connecting") this.#lost(1006, '{"why":"dropped"}', away_ms);
  }

  /** Closes for good, from this side. */
  close(): void {
    if (this.#line.is !== "stopped") this.#stop({ is: "stopped", code: 1000, why: "closed here", log_in: false });
  }

  async #dial(): Promise<void> {
    this.#set({ is: "connecting" });
    let token: string;
    try {
      token = await (this.#new_token ? this.#session.renew() : this.#session.token());
    } catch (error) {
      if (this.#line.is !== "connecting") return;
      if (!(error instanceof SessionLost)) return this.#lost(1006, "");
      return this.#stop({ is: "stopped", code: 4302, why: "session_lost", log_in: true });
    }
    if (this.#line.is !== "connecting" || this.#ws) return;
    this.#new_token = false;
    const ws = new WebSocket(this.#url + query(this.#place), [PROTOCOL, `matchpoint.bearer.${token}`]);
    this.#ws = ws;
    this.#timer = setTimeout(() => this.#lost(1006, ""), DIAL_MS);
    ws.onmessage = ({ data }) => this.#frame(String(data));
    ws.onclose = ({ code, reason }) => this.#lost(code, reason);
  }

  #frame(text: string): void {
    this.#pulse.heard();
    if (text === "pong") return;
    const news: (Welcome | Event)[] = [];
    const go_on = read(text).every((message) => this.#message(message, news));
    if (news.length > 0) this.#handlers.heard(news);
    // At once, but not again and again: a server that keeps leaving things out is one in trouble.
    if (!go_on) this.#lost(BACK_SOON, '{"why":"behind"}', this.#failures === 0 ? 0 : undefined);
  }

  /** Says `false` where what follows cannot be trusted: the connection is then opened anew. */
  #message(message: Message, news: (Welcome | Event)[]): boolean {
    if (is_reply(message)) {
      this.sender.reply(message);
      return true;
    }
    if (is_welcome(message)) {
      this.#welcome(message);
      news.push(message);
      return true;
    }
    if (message.ev === "resync") {
      this.#place = NOWHERE;
      return false;
    }
    if (message.ev === "durable" && message.to !== undefined) this.sender.durable(message.to);
    const taken = step(this.#place, message);
    if (taken.is === "gap") return false;
    if (taken.is === "seen") return true;
    if (taken.is === "next") {
      this.#place = taken.place;
      this.#pulse.progress(taken.place.at);
    }
    news.push(message);
    return true;
  }

  #welcome(welcome: Welcome): void {
    clearTimeout(this.#timer);
    const same_epoch = this.#place.epoch === welcome.epoch;
    this.#place = welcomed(this.#place, welcome);
    this.#welcomed_at = Date.now();
    this.skew_ms = welcome.now - Date.now();
    this.#pulse.start(welcome.heartbeat);
    this.sender.welcome(welcome, same_epoch);
    this.#renew_later();
    this.#set({ is: "open" });
  }

  /** A connection outlives its token when it hears of a newer one in time; else it is closed, and comes back. */
  #renew_later(): void {
    this.#renewal = setTimeout(async () => {
      const token = await this.#session.token().catch(() => null);
      if (token === null || this.#line.is !== "open") return;
      this.sender.hint({ op: "auth", body: { token } });
      clearTimeout(this.#renewal);
      this.#renew_later();
    }, this.#session.renewal_due_ms);
  }

  /** The connection is gone. `in_ms` overrules the wait of the close table. */
  #lost(code: number, reason: string, in_ms?: number): void {
    const lasted = this.#welcomed_at !== null && Date.now() - this.#welcomed_at > LASTED_MS;
    if (lasted) this.#failures = 0;
    this.#hang_up();
    const next: Next = after_close(code, reason, this.#failures, Math.random());
    if (next.do !== "resume") {
      return this.#stop({ is: "stopped", code: next.code, why: next.why, log_in: next.do === "log_in" });
    }
    this.#failures += 1;
    this.#new_token ||= next.new_token;
    const wait = in_ms ?? next.in_ms;
    this.#set({ is: "waiting", until: Date.now() + wait, why: next.why });
    this.#timer = setTimeout(() => void this.#dial(), wait);
  }

  #stop(line: Line & { is: "stopped" }): void {
    this.#hang_up();
    globalThis.removeEventListener?.("online", this.#online);
    this.sender.stop(line.why || String(line.code));
    this.#set(line);
  }

  /** Lets go of the present connection without hearing it out. */
  #hang_up(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#renewal);
    this.#pulse.stop();
    this.sender.lost();
    this.#welcomed_at = null;
    const ws = this.#ws;
    this.#ws = null;
    if (!ws) return;
    ws.onmessage = null;
    ws.onclose = null;
    ws.close(BACK_SOON);
  }

  /** The device has a network again: whatever is left of the wait is pointless. */
  #online = (): void => {
    if (this.#line.is !== "waiting") return;
    clearTimeout(this.#timer);
    void this.#dial();
  };

  #put(frame: string): boolean {
    if (this.#ws?.readyState !== WebSocket.OPEN) return false;
    this.#ws.send(frame);
    return true;
  }

  #set(line: Line): void {
    this.#line = line;
    this.#handlers.line(line);
  }
}
