// The queue screen: elapsed and estimated wait, queue size, party and proposal.

import type { Lobby, Matchpoint, Session } from "@matchpoint/client";
import { el, notice, show, write } from "./dom.ts";
import { save_location } from "./page_state.ts";
import { draw_proposal } from "./proposal.ts";
import { attach_party } from "./party.ts";
import * as phrases from "./phrases.ts";

/** The end of queueing: a room, or none. `log_in`: the session has ended. */
export type Found = { room: string } | { room: null; log_in: boolean };

/** The interval of requests for an explanation of the wait. */
const WHY_MS = 5_000;

/** Queues until the player is matched or gives up. The same `key` after a reload is the same ticket. */
export async function queue(matchpoint: Matchpoint, session: Session, pool: string, key: string): Promise<Found> {
  save_location({ at: "queue", key });
  write(el("queue-why"), "");
  show("queue");
  const { rules } = await matchpoint.config();
  const parties = (rules[pool]?.party ?? 1) > 1;
  return new Promise((resolve) => {
    const began = Date.now();
    let announced: object | null = null;
    const changed = () => {
      if (over) return;
      party.draw();
      draw(lobby, began);
      const [state, connection] = [lobby.state.get(), lobby.connection.get()];
      if (state.is === "matched") return done({ room: state.room });
      if (state.is !== "out") return;
      if (announced !== state) notice(phrases.queue_exit(state, connection));
      announced = state;
      // A player in a party stays in the lobby and may try again.
      if (lobby.party.get() && connection.is !== "stopped") return;
      done({ room: null, log_in: connection.is === "stopped" && connection.log_in });
    };
    const lobby = matchpoint.open_lobby(pool, {}, { key, enter_now: !parties });
    lobby.on("changed", changed);
    const party = attach_party(lobby, session, parties);
    const tick = setInterval(() => draw(lobby, began), 250);
    const explain_timer = setInterval(() => void explain_wait(lobby), WHY_MS);
    el("accept").onclick = () => void lobby.accept().catch(failed);
    el("decline").onclick = () => void lobby.decline().catch(failed);
    const cancel = el<HTMLButtonElement>("queue-cancel");
    cancel.disabled = false;
    cancel.onclick = () => {
      if (lobby.party.get() && is_queued(lobby)) return void lobby.withdraw().catch(failed);
      cancel.disabled = true;
      lobby.leave().catch(failed);
      // Without a network the page leaves the queue anyway: the ticket expires by itself.
      if (lobby.connection.get().is !== "open") done({ room: null, log_in: false });
    };
    let over = false;
    const done = (how: Found) => {
      if (over) return;
      over = true;
      clearInterval(tick);
      clearInterval(explain_timer);
      lobby.close();
      resolve(how);
    };
  });
}

function failed(error: unknown): void {
  notice(phrases.error(error));
}

/** Returns whether the player is queued or entering. */
function is_queued(lobby: Lobby): boolean {
  const state = lobby.state.get();
  return state.is !== "idle" && state.is !== "out";
}

function draw(lobby: Lobby, began: number): void {
  const state = lobby.state.get();
  const queued = state.is === "queued" ? state : state.is === "proposed" ? state.queued : null;
  const since = queued ? queued.since - lobby.skew_ms : is_queued(lobby) ? began : Date.now();
  draw_proposal(lobby);
  el("score").hidden = !is_queued(lobby);
  write(el("queue-title"), is_queued(lobby) ? "Finding you a match" : "Who are you playing with?");
  write(el("queue-cancel"), is_queued(lobby) ? "Leave the queue" : "Go back");
  write(el("queue-elapsed"), phrases.stopwatch(Date.now() - since));
  write(el("queue-waiting"), queued?.waiting == null ? "–" : String(queued.waiting));
  write(el("queue-like"), phrases.similar(queued?.waiting ?? null, queued?.like_you ?? null));
  write(el("queue-estimate"), phrases.estimate(queued?.estimate_ms ?? null));
  write(el("queue-most"), queued?.estimate_p90_ms == null ? "" : `${phrases.estimate(queued.estimate_p90_ms)} or less for 9 of 10`);
  write(el("queue-status"), status(lobby, queued?.waiting ?? null));
  el("queue-why").hidden = state.is !== "queued";
}

/** Shows why the player still waits. */
async function explain_wait(lobby: Lobby): Promise<void> {
  if (lobby.state.get().is !== "queued" || lobby.connection.get().is !== "open") return;
  const why = await lobby.why().catch(() => null);
  if (why && lobby.state.get().is === "queued") write(el("queue-why"), phrases.wait_explanation(why));
}

/** Returns the status line. It changes rarely, because screen readers announce it. */
function status(lobby: Lobby, waiting: number | null): string {
  const [state, connection, party] = [lobby.state.get(), lobby.connection.get(), lobby.party.get()];
  if (connection.is === "waiting") return "The connection was lost. You keep your place while it reconnects.";
  if (state.is === "matched") return "Match found.";
  if (state.is === "proposed") return "";
  if (state.is === "cooldown") return `You missed or declined a match. You will be queued again at ${phrases.time_with_seconds(state.until - lobby.skew_ms)}.`;
  if (state.is === "idle" || state.is === "out") return party ? "The party leader enters the queue for the whole party." : "";
  if (state.is !== "queued") return "Joining the queue…";
  if (waiting === 1) return "You are the only one here so far. Open a second window to play against yourself.";
  return "You keep your place in the queue even if your connection drops.";
}
