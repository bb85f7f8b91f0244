// The state that a tab keeps across a reload: its screen, its ticket and its room.

import type { Json, View } from "@matchpoint/client";

/** The screen of the page, with the key of its ticket or the id of its room. */
export type PageLocation = { at: "queue"; key: string } | { at: "room"; room: string } | { at: "history" };

const LOCATION_KEY = "matchpoint.where";
const VIEW_KEY = "matchpoint.room_view";

export function save_location(location: PageLocation | null): void {
  if (location === null) sessionStorage.removeItem(LOCATION_KEY);
  else sessionStorage.setItem(LOCATION_KEY, JSON.stringify(location));
  if (location?.at !== "room") sessionStorage.removeItem(VIEW_KEY);
}

export function load_location(): PageLocation | null {
  return parse<PageLocation>(sessionStorage.getItem(LOCATION_KEY));
}

/** A room as the page saves it: its view, and the event that the board of its game keeps. */
export type SavedRoom = { view: View; board: Json };

/** Saves a room, so that the page can resume from it after a reload. */
export function save_room(room: string, saved: SavedRoom): void {
  try {
    sessionStorage.setItem(VIEW_KEY, JSON.stringify({ room, ...saved }));
  } catch {
    // The storage is full: the page then starts from a snapshot, which is correct too.
    sessionStorage.removeItem(VIEW_KEY);
  }
}

export function load_room(room: string): SavedRoom | null {
  const saved = parse<{ room: string } & SavedRoom>(sessionStorage.getItem(VIEW_KEY));
  return saved?.room === room ? { view: saved.view, board: saved.board ?? null } : null;
}

function parse<T>(text: string | null): T | null {
  try {
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}
