// The queue: how long one has waited, how many wait, how long it may take, and the match that is proposed.

import type { Lobby, Matchpoint, Session } from "../../sdk/index.ts";
import { el, notice, show, write } from "./dom.ts";
import { remember } from "./memory.ts";
import { draw_offer } from "./offer.ts";
import { attend_party } from "./party.ts";
import * as words from "./words.ts";

/** How waiting ended: in a room, or not. `log_in` says that the session is no more. */
export type Found = { room: string } | { room: null; log_in: boolean };

/** How often one asks why one still waits. */
const WHY_MS = 5_000;

/** Queues until matched or given up. The same `key`, after a reload, is the same ticket. */
export function queue(matchpoint: Matchpoint, session: Session, pool: string, key: string): Promise<Found> {
  remember({ at: "queue", key });
  write(el("queue-why"), "");
  show("queue");
  const company = (matchpoint.rules[pool]?.party ?? 1) > 1;
  return new Promise((found) => {
    const began = Date.now();
    let told: object | null = null;
    const changed = () => {
      if (over) return;
      party.draw();
      draw(lobby, began);
      const { place } = lobby;
      if (place.is === "matched") return done({ room: place.room });
      if (place.is !== "out") return;
      if (told !== place) notice(words.out(place, lobby.line));
      told = place;
      // Whoever is in a party stays with it, and may try again.
      if (lobby.party && lobby.line.is !== "stopped") return;
      done({ room: null, log_in: lobby.line.is === "stopped" && lobby.line.log_in });
    };
    // The first change comes only after the constructor is through.
    const handlers = { changed: () => queueMicrotask(changed) };
    const lobby = matchpoint.lobby(session, pool, {}, handlers, { key, at_once: !company });
    const party = attend_party(lobby, session, company);
    const tick = setInterval(() => draw(lobby, began), 250);
    const curious = setInterval(() => void wonder(lobby), WHY_MS);
    el("accept").onclick = () => void lobby.accept().catch(failed);
    el("decline").onclick = () => void lobby.decline().catch(failed);
    const cancel = el<HTMLButtonElement>("queue-cancel");
    cancel.disabled = false;
    cancel.onclick = () => {
      if (lobby.party && waits(lobby)) return void lobby.withdraw().catch(failed);
      cancel.disabled = true;
      lobby.leave().catch(failed);
      // A network that is gone must not hold anybody in a queue: the ticket lapses by itself.
      if (lobby.line.is !== "open") done({ room: null, log_in: false });
    };
    let over = false;
    const done = (how: Found) => {
      if (over) return;
      over = true;
      clearInterval(tick);
      clearInterval(curious);
      lobby.close();
      found(how);
    };
  });
}

function failed(error: unknown): void {
  notice(words.trouble(error));
}

/** Whether one has asked for a place. */
function waits({ place }: Lobby): boolean {
  return place.is !== "here" && place.is !== "out";
}

function draw(lobby: Lobby, began: number): void {
  const { place } = lobby;
  const queued = place.is === "queued" ? place : place.is === "proposed" ? place.queued : null;
  const since = queued ? queued.since - lobby.skew_ms : waits(lobby) ? began : Date.now();
  draw_offer(lobby);
  el("score").hidden = !waits(lobby);
  write(el("queue-title"), waits(lobby) ? "Finding somebody for you" : "Who are you coming with?");
  write(el("queue-cancel"), waits(lobby) ? "Leave the queue" : "Go back");
  write(el("queue-elapsed"), words.stopwatch(Date.now() - since));
  write(el("queue-waiting"), queued?.waiting == null ? "–" : String(queued.waiting));
  write(el("queue-like"), words.like(queued?.waiting ?? null, queued?.like_you ?? null));
  write(el("queue-estimate"), words.about(queued?.estimate_ms ?? null));
  write(el("queue-most"), queued?.estimate_p90_ms == null ? "" : `${words.about(queued.estimate_p90_ms)} at most, for 9 of 10`);
  write(el("queue-status"), status(lobby, queued?.waiting ?? null));
  el("queue-why").hidden = place.is !== "queued";
}

/** Asks the lobby why one still waits, and says it in words. */
async function wonder(lobby: Lobby): Promise<void> {
  if (lobby.place.is !== "queued" || lobby.line.is !== "open") return;
  const why = await lobby.why().catch(() => null);
  if (why && lobby.place.is === "queued") write(el("queue-why"), words.why(why));
}

/** Said rarely, because it is read aloud. */
function status({ place, line, skew_ms, party }: Lobby, waiting: number | null): string {
  if (line.is === "waiting") return "The connection was lost. Your place is kept while it comes back.";
  if (place.is === "matched") return "Found somebody.";
  if (place.is === "proposed") return "";
  if (place.is === "cooling") return `You let somebody wait, so you can queue again at ${words.exactly(place.until - skew_ms)}.`;
  if (place.is === "here" || place.is === "out") return party ? "Whoever made the party takes everybody into the queue." : "";
  if (place.is !== "queued") return "Taking your place…";
  if (waiting === 1) return "You are the only one here so far. Open a second window to meet yourself.";
  return "You keep your place, even if your connection drops.";
}
