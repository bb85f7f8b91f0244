// The log of a room with its positions, page by page.

import { path } from "./api.ts";
import { make } from "../parts/dom.ts";
import { paged } from "./screen.ts";
import type { Context } from "./screen.ts";
import { panel, player_link, table, time } from "./view.ts";

type Event = { at: number; ev: string; by?: string; ts?: number } & Record<string, unknown>;
type LogPage = { events: Event[]; head: number; truncated: boolean };

/** Returns the panel of the log. */
export function log({ operator, signal }: Context, room: string, head: number): HTMLElement {
  let truncated = false;
  let after = 0;
  const read = async () => {
    const page = await operator.edge<LogPage>(path("/v1/rooms/", room, `/log?after=${after}`), signal);
    truncated ||= page.truncated;
    after = page.events.at(-1)?.at ?? head;
    return { items: page.events, cursor: after < head ? "more" : null };
  };
  const draw = (events: Event[]) => {
    const rows = events.map(({ at, ev, by, ts, ...rest }) => [at, ev, by === undefined ? null : player_link(by), time(ts), Object.keys(rest).length === 0 ? null : make("code", {}, JSON.stringify(rest))]);
    const note = truncated ? [make("p", { class: "muted" }, "Older events are no longer kept.")] : [];
    return make("div", {}, ...note, table("Log", ["Position", "Event", "By", "Time", "Content"], rows, "The log is empty."));
  };
  return panel("Log", "room-log", paged(signal, read, draw));
}
