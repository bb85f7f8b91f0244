// A line of one's own: who is here of those one follows, one's own devices, and what is said of oneself.

import { Socket } from "./socket.ts";
import type { Line } from "./socket.ts";
import type { Session } from "./session.ts";
import { is_welcome } from "./wire.ts";
import type { Event, Json, Welcome } from "./wire.ts";

/** How somebody is. Of two the one with the later `as_of` counts, whatever came first. */
export type Sight = { state: "online" | "away" | "reconnecting" | "offline"; as_of: number };

/** A connection of one's own: a line (`at` is "me"), or one to a room or a lobby. */
export type Device = { at: string; sid: string | null; since: number; active?: boolean; this?: boolean };

export type MeHandlers = {
  changed?: () => void;
  /** Something about oneself: `signed_out`, `banned`, `session_ended`. */
  notice?: (notice: { kind: string; [more: string]: Json | undefined }) => void;
};

export class Me {
  #handlers: MeHandlers;
  #socket: Socket;
  #seen = new Map<string, Sight>();

  constructor(url: string, session: Session, handlers: MeHandlers) {
    this.#handlers = handlers;
    const heard = (news: (Welcome | Event)[]) => this.#heard(news);
    this.#socket = new Socket(url, session, { heard, line: () => this.#handlers.changed?.() });
    globalThis.document?.addEventListener("visibilitychange", this.#looked);
  }

  get line(): Line {
    return this.#socket.line;
  }

  /** How somebody is, as far as one may know. */
  sight(player: string): Sight {
    return this.#seen.get(player) ?? { state: "offline", as_of: 0 };
  }

  /** Everybody who is not offline. */
  get here(): string[] {
    return [...this.#seen].filter(([, sight]) => sight.state !== "offline").map(([player]) => player);
  }

  /** Every connection of one's own. */
  async devices(): Promise<Device[]> {
    const answer = await this.#socket.sender.send({ op: "devices" });
    return answer.devices as unknown as Device[];
  }

  /** Closes the line for good. */
  close(): void {
    globalThis.document?.removeEventListener("visibilitychange", this.#looked);
    this.#socket.close();
  }

  #heard(news: (Welcome | Event)[]): void {
    for (const one of news) {
      if (is_welcome(one)) {
        // A line that opens is told of everybody who is here: who is not named is offline.
        this.#seen.clear();
        this.#looked();
      } else if (one.ev === "presence") {
        const { player, state, as_of } = one.body as { player: string } & Sight;
        const known = this.#seen.get(player);
        if (!known || known.as_of <= as_of) this.#seen.set(player, { state, as_of });
      } else if (one.ev === "notice") {
        this.#handlers.notice?.(one.body as { kind: string });
      }
    }
    this.#handlers.changed?.();
  }

  /** Whether somebody looks at this page: where nobody does on any device, one is away. */
  #looked = (): void => {
    const active = globalThis.document?.visibilityState !== "hidden";
    this.#socket.sender.hint({ op: "active", body: { active } });
  };
}
