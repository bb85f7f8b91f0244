// The common parts of all screens: loading parts one by one, lists page by page, and announcements.

import { el, make, write } from "../parts/dom.ts";
import type { Operator } from "./api.ts";
import { problem } from "./api.ts";
import { button } from "./view.ts";

/** The surroundings of a screen: where it draws, the rest of its address, and a signal that ends with it. */
export type Context = { operator: Operator; main: HTMLElement; args: string[]; signal: AbortSignal };
/** A screen of the console. */
export type Screen = { name: string; title: string; show: (context: Context) => Promise<void> | void };

/** Fills a place with what loads; an error is shown there with a button that tries again. */
export async function load(place: HTMLElement, signal: AbortSignal, read: () => Promise<Node[]>): Promise<void> {
  place.setAttribute("aria-busy", "true");
  try {
    const nodes = await read();
    if (!signal.aborted) place.replaceChildren(...nodes);
  } catch (error) {
    if (signal.aborted) return;
    const again = button("Try again", "again", () => load(place, signal, read));
    place.replaceChildren(make("p", { class: "fault", role: "alert" }, problem(error)), again);
  }
  place.setAttribute("aria-busy", "false");
}

/** Returns a place that is filled once its content has loaded. */
export function loaded(signal: AbortSignal, read: () => Promise<Node[]>): HTMLElement {
  const place = make("div", { class: "place" }, make("p", { class: "muted" }, "Loading…"));
  void load(place, signal, read);
  return place;
}

/** Returns a list that is read page by page: `draw` makes one element of all items that are known. */
export function paged<T>(signal: AbortSignal, read: (cursor: string) => Promise<{ items: T[]; cursor?: string | null }>, draw: (items: T[]) => Node): HTMLElement {
  const items: T[] = [];
  const place = loaded(signal, () => next(""));
  async function next(cursor: string): Promise<Node[]> {
    const page = await read(cursor);
    items.push(...page.items);
    const after = page.cursor;
    const more = after ? [button("Show more", "more", () => load(place, signal, () => next(`&cursor=${encodeURIComponent(after)}`)))] : [];
    return [draw(items), ...more];
  }
  return place;
}

/** Tells screen readers what has happened. */
export function announce(text: string): void {
  write(el("announcement"), "");
  requestAnimationFrame(() => write(el("announcement"), text));
}
