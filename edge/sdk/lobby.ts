// A place in a queue: enter, see how it goes, be matched.

import { Socket } from "./socket.ts";
import type { Line } from "./socket.ts";
import type { Session } from "./session.ts";
import { Stopped } from "./sender.ts";
import { Refused, is_welcome } from "./wire.ts";
import type { Event, Fault, Json, Welcome } from "./wire.ts";

/** What one is, and what one wants of the others. */
export type Wish = { attrs?: Record<string, Json>; wants?: Json[] };

/** What one knows of one's place. Times are the server's; `skew_ms` tells how far this device is off. */
export type Place =
  | { is: "entering" }
  | { is: "queued"; ticket: string; since: number; waiting: number | null; estimate_ms: number | null }
  | { is: "matched"; room: string; with: string[] }
  | { is: "out"; why: "left" | "expired" | "refused" | "closed"; fault?: Fault };

/** How many wait, oneself among them, and a guess at how long. */
type Numbers = { waiting: number | null; estimate_ms: number | null };

export type LobbyHandlers = { changed?: () => void };

/**
 * A ticket in one pool. The ticket belongs to the player, not to the connection: entering again with the same key, on a
 * later connection or a later page, is the same ticket with its original time.
 */
export class Lobby {
  readonly pool: string;
  readonly key: string;
  #wish: Wish;
  #handlers: LobbyHandlers;
  #socket: Socket;
  #place: Place = { is: "entering" };
  /** What the welcome said of the queue, until the queue itself says more. */
  #at_first: Numbers = { waiting: null, estimate_ms: null };

  constructor(url: string, pool: string, session: Session, wish: Wish, key: string, handlers: LobbyHandlers) {
    this.pool = pool;
    this.key = key;
    this.#wish = wish;
    this.#handlers = handlers;
    const heard = (news: (Welcome | Event)[]) => this.#heard(news);
    this.#socket = new Socket(url, session, { heard, line: (line) => this.#line(line) });
  }

  get place(): Place {
    return this.#place;
  }

  get line(): Line {
    return this.#socket.line;
  }

  /** The server's time less this device's. */
  get skew_ms(): number {
    return this.#socket.skew_ms;
  }

  /** What keeps one waiting, in the lobby's own terms. */
  why(): Promise<Record<string, Json | undefined>> {
    return this.#socket.sender.send({ op: "why" });
  }

  /** Withdraws the ticket. */
  async leave(): Promise<void> {
    try {
      await this.#socket.sender.send({ op: "leave" });
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Stopped)) throw error;
      // Too late: the match is being made, and the other one counts on it.
      const room = error instanceof Refused ? error.fault.room : undefined;
      if (room !== undefined) this.#place = { is: "matched", room, with: [] };
    }
    this.#out("left");
    this.#handlers.changed?.();
    this.close();
  }

  /** Cuts the connection as a lost network would; it comes back by itself. */
  drop(away_ms?: number): void {
    this.#socket.drop(away_ms);
  }

  /** Goes away. The ticket waits a while for a return. */
  close(): void {
    this.#socket.close();
  }

  #heard(news: (Welcome | Event)[]): void {
    for (const one of news) {
      if (is_welcome(one)) {
        // Whoever had no ticket yet is not among those who wait.
        this.#at_first = { waiting: (one.waiting ?? 0) + (one.recovered ? 0 : 1), estimate_ms: one.estimate_ms ?? null };
        void this.#enter();
      } else this.#place = fold(this.#place, one, this.#at_first);
    }
    this.#handlers.changed?.();
  }

  async #enter(): Promise<void> {
    if (this.#place.is === "matched" || this.#place.is === "out") return;
    try {
      await this.#socket.sender.send({ op: "enter", key: this.key, body: { attrs: {}, wants: [], ...this.#wish } });
    } catch (error) {
      if (!(error instanceof Refused)) return;
      const { code, room } = error.fault;
      if (code === "in_match" && room !== undefined) this.#place = { is: "matched", room, with: [] };
      else this.#out("refused", error.fault);
      this.#handlers.changed?.();
      this.close();
    }
  }

  #line(line: Line): void {
    if (line.is === "stopped") this.#out("closed");
    this.#handlers.changed?.();
  }

  #out(why: "left" | "expired" | "refused" | "closed", fault?: Fault): void {
    if (this.#place.is === "matched" || this.#place.is === "out") return;
    this.#place = { is: "out", why, ...(fault && { fault }) };
  }
}

/** One event of the lobby, and what is known after it. */
export function fold(place: Place, { ev, body }: Event, first: Numbers = { waiting: null, estimate_ms: null }): Place {
  const said = (body ?? {}) as Record<string, Json | undefined>;
  const was = place.is === "queued" ? place : null;
  switch (ev) {
    case "queued":
    case "returned":
      return {
        is: "queued",
        ticket: typeof said.ticket === "string" ? said.ticket : (was?.ticket ?? ""),
        since: typeof said.since === "number" ? said.since : (was?.since ?? Date.now()),
        waiting: was?.waiting ?? first.waiting,
        estimate_ms: was?.estimate_ms ?? first.estimate_ms,
      };
    case "lobby":
      if (!was) return place;
      return {
        ...was,
        waiting: typeof said.waiting === "number" ? said.waiting : was.waiting,
        estimate_ms: typeof said.estimate_ms === "number" ? said.estimate_ms : null,
      };
    case "matched":
      return { is: "matched", room: String(said.room), with: (said.with as string[] | undefined) ?? [] };
    case "expired":
      // The ticket lapsed because its owner is in a match already: that is where they belong.
      if (typeof said.room === "string") return { is: "matched", room: said.room, with: [] };
      return { is: "out", why: "expired" };
    default:
      return place;
  }
}
