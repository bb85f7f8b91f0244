// A match that is proposed: everybody says yes before it is theirs, while the time runs.

import type { Lobby } from "../../sdk/index.ts";
import { el, write } from "./dom.ts";

/** Which proposal is on the screen, and how long it had when it came. */
let shown: { match: string; whole_ms: number } | null = null;

/** Draws the proposal, where there is one. */
export function draw_offer({ place, skew_ms }: Lobby): void {
  const box = el("offer");
  if (place.is !== "proposed") {
    box.hidden = true;
    shown = null;
    return;
  }
  const left_ms = Math.max(0, place.until - skew_ms - Date.now());
  const is_new = shown?.match !== place.match;
  if (is_new) shown = { match: place.match, whole_ms: Math.max(1, left_ms) };
  box.hidden = false;
  const others = place.with.length;
  write(el("offer-title"), others === 1 ? "Somebody is free. Do you want to meet?" : `${others} people are free. Do you want to play?`);
  write(el("offer-left"), `${Math.ceil(left_ms / 1000)} s`);
  write(el("offer-said"), said(place.accepted, others));
  el<HTMLProgressElement>("offer-bar").value = left_ms / (shown?.whole_ms ?? 1);
  el<HTMLButtonElement>("accept").disabled = place.accepted;
  write(el("accept"), place.accepted ? "Accepted" : "Accept");
  // Answered by the keyboard, without looking for it.
  if (is_new && !place.accepted) el("accept").focus({ preventScroll: true });
}

function said(accepted: boolean, others: number): string {
  if (accepted) return others === 1 ? "You said yes. Waiting for the other one." : "You said yes. Waiting for the others.";
  return "Whoever says no, or nothing, leaves the queue and has to wait a while.";
}
