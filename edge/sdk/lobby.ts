// A place in a queue: enter, alone or with friends, see how it goes, say yes, be matched.

import { Socket } from "./socket.ts";
import type { Line } from "./socket.ts";
import type { Session } from "./session.ts";
import { Stopped } from "./sender.ts";
import { fold, numbers, party_of } from "./queued.ts";
import type { Numbers, Party, Place } from "./queued.ts";
import { Refused, is_welcome, random_key } from "./wire.ts";
import type { Event, Fault, Json, Welcome } from "./wire.ts";

export { fold } from "./queued.ts";
export type { Party, Place } from "./queued.ts";

/** What one is, and what one wants of the others. */
export type Wish = { attrs?: Record<string, Json>; wants?: Json[] };

/** Why one still waits, in the lobby's own terms. */
export type Why = {
  waiting: number;
  fit_now: number;
  fit_later: number;
  /** The rule that keeps most of them away: `rating`, `you want lang`, `away`, … */
  blocks: string | null;
  rules: { rule: string; removes: number }[];
  next_in_ms: number | null;
  next_rule: string | null;
  estimate_ms: number | null;
  estimate_p90_ms: number | null;
  /** In a divided queue: whether one is matched across all parts by now. */
  everywhere?: boolean;
};

export type LobbyHandlers = { changed?: () => void };

/**
 * A ticket in one pool. The ticket belongs to the player, not to the connection: entering again with the same key, on a
 * later connection or a later page, is the same ticket with its original time.
 *
 * With `at_once: false` one is in the lobby without a ticket, to gather a party first, until `enter()`.
 */
export class Lobby {
  readonly pool: string;
  #key: string;
  #wish: Wish;
  #handlers: LobbyHandlers;
  #socket: Socket;
  #place: Place;
  #party: Party | null = null;
  /** What the welcome said of the queue, until the queue itself says more. */
  #at_first: Partial<Numbers> = {};
  /** An `enter` that has no answer yet; a new connection repeats it by itself. */
  #asking = false;
  #cooled: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, pool: string, session: Session, wish: Wish, key: string, handlers: LobbyHandlers, at_once = true) {
    this.pool = pool;
    this.#key = key;
    this.#wish = wish;
    this.#handlers = handlers;
    this.#place = { is: at_once ? "entering" : "here" };
    const heard = (news: (Welcome | Event)[]) => this.#heard(news);
    this.#socket = new Socket(url, session, { heard, line: (line) => this.#line(line) });
  }

  /** What names the ticket: a page that is reloaded gives it again. */
  get key(): string {
    return this.#key;
  }

  get place(): Place {
    return this.#place;
  }

  /** The party one is in. */
  get party(): Party | null {
    return this.#party;
  }

  get line(): Line {
    return this.#socket.line;
  }

  /** The server's time less this device's. */
  get skew_ms(): number {
    return this.#socket.skew_ms;
  }

  /** What keeps one waiting. */
  async why(): Promise<Why> {
    return (await this.#socket.sender.send({ op: "why" })) as unknown as Why;
  }

  /** Takes a place, and the whole party's with it where one leads it. Whoever has a place keeps it. */
  enter(): void {
    if (this.#place.is === "here" || this.#place.is === "out") {
      // Another ticket than the one before.
      if (this.#place.is === "out") this.#key = random_key();
      this.#put({ is: "entering" });
    }
    void this.#enter();
  }

  /** Says yes to the match that is proposed. Too late, or too often, is no fault: what came of it is told. */
  accept(): Promise<void> {
    if (this.#place.is === "proposed") this.#put({ ...this.#place, accepted: true });
    return this.#answer("accept");
  }

  /** Says no to it: one is out, and may not enter for a while. */
  decline(): Promise<void> {
    return this.#answer("decline");
  }

  /** Begins a party, or says which one is in. Its `party` is the code for the others. */
  async make_party(): Promise<Party> {
    return this.#in((await this.#socket.sender.send({ op: "party", body: this.#said() })) as Party);
  }

  /** Comes into somebody's party. Refused with `no_party`, `party_full`, or `forbidden` while it waits. */
  async join_party(code: string): Promise<Party> {
    const body = { ...this.#said(), party: code.trim() };
    return this.#in((await this.#socket.sender.send({ op: "join", body })) as Party);
  }

  /** The leader's alone: puts somebody out of the party. */
  async put_out(player: string): Promise<void> {
    await this.#socket.sender.send({ op: "put_out", body: { player } });
  }

  /** Out of the queue, and out of the party where one is not in the queue. One stays in the lobby. */
  async withdraw(): Promise<void> {
    if (await this.#leave()) return;
    this.#put({ is: "here" });
  }

  /** Withdraws the ticket, and goes. */
  async leave(): Promise<void> {
    await this.#leave();
    this.#out({ is: "out", why: "left" });
    this.#handlers.changed?.();
    this.close();
  }

  /** Cuts the connection as a lost network would; it comes back by itself. */
  drop(away_ms?: number): void {
    this.#socket.drop(away_ms);
  }

  /** Goes away. The ticket waits a while for a return. */
  close(): void {
    clearTimeout(this.#cooled);
    this.#socket.close();
  }

  /** Whether it was too late: the match is being made, and the others count on it. */
  async #leave(): Promise<boolean> {
    try {
      await this.#socket.sender.send({ op: "leave" });
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Stopped)) throw error;
      const room = error instanceof Refused ? error.fault.room : undefined;
      if (room !== undefined) this.#put({ is: "matched", room, with: [] });
    }
    return this.#place.is === "matched";
  }

  async #answer(op: "accept" | "decline"): Promise<void> {
    try {
      await this.#socket.sender.send({ op });
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Stopped)) throw error;
    }
  }

  #heard(news: (Welcome | Event)[]): void {
    for (const one of news) {
      if (is_welcome(one)) {
        // Whoever had no ticket yet is not among those who wait.
        this.#at_first = { ...numbers(one), waiting: (one.waiting ?? 0) + (one.recovered ? 0 : 1) };
        // The party is told after the welcome, to those who are in one.
        this.#party = null;
        void this.#enter();
        continue;
      }
      const party = party_of(one);
      if (party !== undefined) this.#party = party;
      else this.#place = fold(this.#place, one, this.#at_first);
    }
    this.#handlers.changed?.();
  }

  async #enter(): Promise<void> {
    const { is } = this.#place;
    if (this.#asking || is === "here" || is === "cooling" || is === "matched" || is === "out") return;
    this.#asking = true;
    try {
      await this.#socket.sender.send({ op: "enter", key: this.#key, body: this.#said() });
    } catch (error) {
      if (error instanceof Refused) this.#refused(error.fault);
    } finally {
      this.#asking = false;
    }
  }

  #refused(fault: Fault): void {
    const { code, room, after_ms } = fault;
    if (code === "in_match" && room !== undefined) this.#place = { is: "matched", room, with: [] };
    else if (code === "cooldown" && after_ms !== undefined) {
      this.#cooled = setTimeout(() => {
        if (this.#place.is !== "cooling") return;
        this.#put({ is: "entering" });
        void this.#enter();
      }, after_ms);
      return this.#put({ is: "cooling", until: Date.now() + this.skew_ms + after_ms });
    } else this.#out({ is: "out", why: "refused", fault });
    this.#handlers.changed?.();
    // A party outlives what its leader was refused.
    if (this.#party === null) this.close();
  }

  #said(): { attrs: Record<string, Json>; wants: Json[] } {
    return { attrs: {}, wants: [], ...this.#wish };
  }

  #in(party: Party): Party {
    this.#party = party;
    this.#handlers.changed?.();
    return party;
  }

  #line(line: Line): void {
    if (line.is === "stopped") this.#out({ is: "out", why: "closed" });
    this.#handlers.changed?.();
  }

  #put(place: Place): void {
    this.#place = place;
    this.#handlers.changed?.();
  }

  #out(out: Place & { is: "out" }): void {
    if (this.#place.is !== "matched" && this.#place.is !== "out") this.#place = out;
  }
}
