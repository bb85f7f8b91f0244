// What a tab remembers across a reload: which screen it was on, its ticket, its room.

import type { View } from "../../sdk/index.ts";

/** Where somebody was. */
export type Where = { at: "queue"; key: string } | { at: "room"; room: string } | { at: "history" };

const WHERE = "matchpoint.where";
const VIEW = "matchpoint.view";

export function remember(where: Where | null): void {
  if (where === null) sessionStorage.removeItem(WHERE);
  else sessionStorage.setItem(WHERE, JSON.stringify(where));
  if (where?.at !== "room") sessionStorage.removeItem(VIEW);
}

export function recall(): Where | null {
  return parse<Where>(sessionStorage.getItem(WHERE));
}

/** Puts away what a room looked like, so that the next page goes on from there. */
export function keep_view(room: string, view: View): void {
  try {
    sessionStorage.setItem(VIEW, JSON.stringify({ room, view }));
  } catch {
    // The storage is full: the next page begins with a snapshot, which is right too.
    sessionStorage.removeItem(VIEW);
  }
}

export function kept_view(room: string): View | null {
  const kept = parse<{ room: string; view: View }>(sessionStorage.getItem(VIEW));
  return kept?.room === room ? kept.view : null;
}

function parse<T>(text: string | null): T | null {
  try {
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}
