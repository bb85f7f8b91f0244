// The queue: how long one has waited, how many wait, and how long it may take.

import type { Lobby, Matchpoint, Session } from "../../sdk/index.ts";
import { el, notice, show, write } from "./dom.ts";
import { remember } from "./memory.ts";
import * as words from "./words.ts";

/** How waiting ended: in a room, or not. `log_in` says that the session is no more. */
export type Found = { room: string } | { room: null; log_in: boolean };

/** Queues until matched or given up. The same `key`, after a reload, is the same ticket. */
export function queue(matchpoint: Matchpoint, session: Session, pool: string, key: string): Promise<Found> {
  remember({ at: "queue", key });
  show("queue");
  return new Promise((found) => {
    const began = Date.now();
    const changed = () => {
      draw(lobby, began);
      const { place } = lobby;
      if (place.is === "matched") done({ room: place.room });
      if (place.is === "out") {
        if (place.fault) notice(words.fault(place.fault));
        else if (place.why === "expired") notice("Nobody suitable came in time. You can queue again.");
        else if (lobby.line.is === "stopped") notice(words.closed(lobby.line.code));
        done({ room: null, log_in: lobby.line.is === "stopped" && lobby.line.log_in });
      }
    };
    // The first change comes only after the constructor is through.
    const lobby = matchpoint.lobby(session, pool, {}, { changed: () => queueMicrotask(changed) }, key);
    const tick = setInterval(() => draw(lobby, began), 250);
    const cancel = el<HTMLButtonElement>("queue-cancel");
    cancel.disabled = false;
    cancel.onclick = () => {
      cancel.disabled = true;
      lobby.leave().catch((error: unknown) => notice(words.trouble(error)));
      // A network that is gone must not hold anybody in a queue: the ticket lapses by itself.
      if (lobby.line.is !== "open") done({ room: null, log_in: false });
    };
    let over = false;
    const done = (how: Found) => {
      if (over) return;
      over = true;
      clearInterval(tick);
      lobby.close();
      found(how);
    };
  });
}

function draw(lobby: Lobby, began: number): void {
  const { place, line } = lobby;
  const queued = place.is === "queued" ? place : null;
  const since = queued ? queued.since - lobby.skew_ms : began;
  write(el("queue-elapsed"), words.stopwatch(Date.now() - since));
  write(el("queue-waiting"), queued?.waiting == null ? "–" : String(queued.waiting));
  write(el("queue-estimate"), words.about(queued?.estimate_ms ?? null));
  write(el("queue-status"), status(queued?.waiting ?? null, place.is, line.is));
}

/** Said rarely, because it is read aloud. */
function status(waiting: number | null, place: string, line: string): string {
  if (line === "waiting") return "The connection was lost. Your place is kept while it comes back.";
  if (place === "matched") return "Found somebody.";
  if (place !== "queued") return "Taking your place…";
  if (waiting === 1) return "You are the only one here so far. Open a second window to meet yourself.";
  return "You keep your place, even if your connection drops.";
}
