// The proposal box of the queue screen: accept or decline a match before the time runs out.

import type { Lobby } from "@matchpoint/client";
import { el, write } from "./dom.ts";

/** The proposal on the screen, and its whole time to answer. */
let shown: { match: string; whole_ms: number } | null = null;

/** Draws the proposal, if there is one. */
export function draw_proposal(lobby: Lobby): void {
  const { skew_ms } = lobby;
  const state = lobby.state.get();
  const box = el("proposal");
  if (state.is !== "proposed") {
    box.hidden = true;
    shown = null;
    return;
  }
  const left_ms = Math.max(0, state.until - skew_ms - Date.now());
  const is_new = shown?.match !== state.match;
  if (is_new) shown = { match: state.match, whole_ms: Math.max(1, left_ms) };
  box.hidden = false;
  const others = state.with.length;
  write(el("proposal-title"), others === 1 ? "Match found. Do you want to play?" : `Match found with ${others} players. Do you want to play?`);
  write(el("proposal-left"), `${Math.ceil(left_ms / 1000)} s`);
  write(el("proposal-status"), status(state.accepted, others));
  el<HTMLProgressElement>("proposal-bar").value = left_ms / (shown?.whole_ms ?? 1);
  el<HTMLButtonElement>("accept").disabled = state.accepted;
  write(el("accept"), state.accepted ? "Accepted" : "Accept");
  // The focus moves there, so that the keyboard can answer.
  if (is_new && !state.accepted) el("accept").focus({ preventScroll: true });
}

function status(accepted: boolean, others: number): string {
  if (accepted) return others === 1 ? "Accepted. Waiting for the other player." : "Accepted. Waiting for the other players.";
  return "If you decline or do not answer, you leave the queue and must wait before you can queue again.";
}
