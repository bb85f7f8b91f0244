// The screen *now*: players online, sockets, rooms, errors, open rooms, and what waits for a moderator. It wakes no room.

import { make } from "../parts/dom.ts";
import { read_metrics } from "./metrics.ts";
import type { Metrics } from "./metrics.ts";
import { queues } from "./queue.ts";
import { loaded, paged } from "./screen.ts";
import type { Context, Screen } from "./screen.ts";
import { panel, player_link, room_link, table, time } from "./view.ts";
import type { Page } from "./api.ts";

type OpenRoom = { room: string; pool: string; players: string[]; created: string; mode?: string };
type Dispute = { match: string; pool: string | null; players: { player: string; name: string }[]; ended: string };
type Dead = { message: string; endpoint: string; type: string; created: string };

/** The time between two reads of the metrics while the page is visible. */
const REFRESH_MS = 10_000;

export const now: Screen = { name: "now", title: "Now", show };

function show({ operator, main, signal }: Context): void {
  if (operator.has("moderation")) main.append(totals({ operator, main, args: [], signal }));
  if (operator.has("queues")) main.append(queues({ operator, main, args: [], signal }));
  if (operator.has("rooms")) {
    const rooms = paged(
      signal,
      async (cursor) => {
        const { rooms: items, cursor: next } = await operator.region<Page<"rooms", OpenRoom>>(`/v1/open-rooms?limit=20${cursor}`, signal);
        return { items, cursor: next ?? null };
      },
      (items) =>
        table(
          "Open rooms of queues",
          ["Room", "Pool", "Players", "Mode", "Created"],
          items.map((one) => [room_link(one.room), one.pool, links(one.players), one.mode, time(one.created)]),
          "No queue has an open room.",
        ),
    );
    main.append(panel("Open rooms of queues", "open-rooms", rooms));
  }
  if (operator.has("moderation")) main.append(disputes({ operator, main, args: [], signal }), dead_events({ operator, main, args: [], signal }));
}

/** The totals of all isolates, read again while the page is visible. */
function totals({ operator, signal }: Context): HTMLElement {
  const place = make("div", { class: "tiles", "data-testid": "tiles" });
  const notes = make("p", { class: "muted" });
  let before: Metrics | null = null;
  const refresh = async () => {
    if (document.hidden) return;
    try {
      const metrics = read_metrics(await operator.text("/metrics", signal));
      place.replaceChildren(...tiles(metrics, before));
      before = metrics;
      notes.replaceChildren("Read at ", time(Date.now()) ?? "", ", and again every 10 s while the page is visible.");
    } catch {
      if (!signal.aborted) notes.replaceChildren("The metrics cannot be read now; the page tries again.");
    }
  };
  void refresh();
  const timer = setInterval(() => void refresh(), REFRESH_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  return panel("All of the edge", "totals", place, notes);
}

function tiles(metrics: Metrics, before: Metrics | null): HTMLElement[] {
  const sum = (name: string, only?: (labels: string) => boolean) => metrics.sum(name, only);
  const since = (name: string, only: (labels: string) => boolean) => (before === null ? null : Math.max(0, metrics.sum(name, only) - before.sum(name, only)));
  const failed = (labels: string) => /status="5/.test(labels);
  const kinds = ["room", "lobby", "me"].map((kind) => `${kind} ${sum("matchpoint_sockets", (labels) => labels.includes(`"${kind}"`))}`);
  const errors = since("matchpoint_requests_total", failed);
  return [
    tile("Players online", sum("matchpoint_players_active"), "in the last minutes, estimated"),
    tile("Sockets", sum("matchpoint_sockets"), kinds.join(", ")),
    tile("Rooms", sum("matchpoint_rooms"), `${sum("matchpoint_rooms_opened_total")} created so far`),
    tile("Server errors", errors ?? sum("matchpoint_requests_total", failed), errors === null ? "so far" : "since the last read"),
    tile("Refused", sum("matchpoint_refusals_total"), top_refusals(metrics)),
  ];
}

function tile(name: string, value: number, more: string): HTMLElement {
  const shown = new Intl.NumberFormat().format(Math.round(value));
  return make("div", { class: "tile" }, make("p", { class: "name" }, name), make("p", { class: "value" }, shown), make("p", { class: "muted" }, more));
}

function top_refusals(metrics: Metrics): string {
  const all = metrics.list("matchpoint_refusals_total").sort((a, b) => b.value - a.value);
  const named = all.slice(0, 2).map(({ labels, value }) => `${/"([^"]+)"/.exec(labels)?.[1] ?? "?"} ${value}`);
  return named.length === 0 ? "nothing so far" : named.join(", ");
}

function disputes({ operator, signal }: Context): HTMLElement {
  const list = loaded(signal, async () => {
    const { matches } = await operator.region<Page<"matches", Dispute>>("/v1/disputes?limit=10", signal);
    const rows = matches.map((one) => [room_link(one.match), one.pool, links(one.players.map(({ player }) => player)), time(one.ended)]);
    return [table("Disputed matches", ["Match", "Pool", "Players", "Ended"], rows, "No match is disputed.")];
  });
  return panel("Disputed matches", "disputes", list);
}

function dead_events({ operator, signal }: Context): HTMLElement {
  const list = loaded(signal, async () => {
    const { messages } = await operator.region<Page<"messages", Dead>>("/v1/webhooks/dead?limit=10", signal);
    const rows = messages.map((one) => [one.type, one.endpoint, time(one.created)]);
    return [table("Undelivered webhooks", ["Event", "Endpoint", "Created"], rows, "All webhooks were delivered.")];
  });
  return panel("Undelivered webhooks", "dead", list);
}

function links(players: string[]): HTMLElement {
  return make("span", { class: "links" }, ...players.map((id) => player_link(id)));
}
