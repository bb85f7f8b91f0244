// The screen of queues: how many wait and since when; of one queue its tickets, what blocks each, and the pairs that nearly fit.

import type { Why } from "@matchpoint/client";
import { make } from "../parts/dom.ts";
import { duration } from "../parts/phrases.ts";
import { path } from "./api.ts";
import type { Page } from "./api.ts";
import { ask } from "./ask.ts";
import { announce, loaded, paged } from "./screen.ts";
import type { Context, Screen } from "./screen.ts";
import { badge, button, panel, player_link, table, time } from "./view.ts";

type Figures = { players: number; tickets: number; oldest: number | null; estimate_ms: number | null; estimate_p90_ms: number | null; as_of: number | null };
type Status = { ticket: string; players: string[]; since: number; state: string; by?: string };
type Waiting = { status: Status; why: Why | null; nearest: { ticket: string; players: string[]; in_ms: number; rule: string | null } | null };

export const queue: Screen = { name: "queue", title: "Queues", show };

function show(context: Context): void {
  const { main, args, operator } = context;
  const [pool] = args;
  if (!operator.has("queues")) {
    main.append(make("p", { class: "muted" }, "Queues are for operators with the scope “queues”."));
    return;
  }
  if (pool !== undefined) main.append(tickets(context, pool));
  main.append(queues(context));
}

/** Returns the panel of all queues. Reading it wakes none. */
export function queues({ operator, signal }: Context): HTMLElement {
  const wait = (ms: number | null) => (ms === null ? null : duration(ms));
  const list = loaded(signal, async () => {
    const { queues: all } = await operator.edge<{ queues: { pool: string; figures: Figures }[] }>("/v1/queues", signal);
    const rows = all.map(({ pool, figures: { players, tickets: waiting, oldest, estimate_ms, estimate_p90_ms, as_of } }) => [
      make("a", { href: `#/queue/${pool}` }, pool),
      players,
      waiting,
      oldest === null ? null : duration(Date.now() - oldest),
      wait(estimate_ms),
      wait(estimate_p90_ms),
      time(as_of),
    ]);
    return [table("Queues", ["Pool", "Players", "Tickets", "Longest wait", "Median wait", "90th percentile", "As of"], rows, "There is no pool.")];
  });
  return panel("Queues", "queues", list);
}

function tickets(context: Context, pool: string): HTMLElement {
  const { operator, signal } = context;
  const place = make("div");
  const refresh = () => {
    const read = async (cursor: string) => {
      const page = await operator.edge<Page<"tickets", Waiting>>(`${path("/v1/queues/", pool, "/tickets")}?${cursor}`, signal);
      return { items: page.tickets, cursor: page.cursor ?? null };
    };
    place.replaceChildren(paged(signal, read, (items) => rows_of(context, pool, items, refresh)));
  };
  refresh();
  const note = "The longest waits come first. Reading tickets asks the shards that have some.";
  return panel("Tickets", "tickets", make("p", { class: "muted" }, note), place, button("Look again", "look-again", refresh));
}

function rows_of({ operator }: Context, pool: string, items: Waiting[], refresh: () => void): HTMLElement {
  const cancel = ({ players: [leader = ""] }: Status) => async () => {
    const act = (reason: string) => operator.act("edge", "DELETE", path(`/v1/queues/${encodeURIComponent(pool)}/tickets/`, leader), reason);
    if (!(await ask({ title: "Cancel the ticket", text: "Its players leave the queue, and are told.", yes: "Cancel the ticket" }, act))) return;
    announce("The ticket is canceled.");
    refresh();
  };
  const rows = items.map(({ status, why, nearest }) => [
    links(status.players),
    badge(status.state, status.state === "waiting" ? "good" : "late"),
    duration(Date.now() - status.since),
    why === null ? null : (why.blocks ?? "nothing"),
    why === null ? null : explanation(why),
    nearest === null ? null : make("span", {}, links(nearest.players), nearest_text(nearest)),
    button("Cancel…", "cancel-ticket", cancel(status)),
  ]);
  return table("Tickets", ["Players", "State", "Waits for", "Blocked by", "Why", "Nearest", ""], rows, "No ticket waits.");
}

/** Returns why a ticket waits: what fits, what each rule excludes, and what changes next. */
function explanation({ waiting, fit_now, fit_later, rules, next_in_ms, next_rule, everywhere }: Why): string {
  const excluded = rules.filter(({ removes }) => removes > 0).map(({ rule, removes }) => `“${rule}” excludes ${removes}`);
  const next = next_in_ms === null ? [] : [`${next_rule === null ? "the next one fits" : `“${next_rule}” relaxes`} in ${duration(next_in_ms)}`];
  const where = everywhere === false ? ["only this shard so far"] : [];
  return [`Of ${waiting} others ${fit_now} fit now and ${fit_later} later`, ...excluded, ...next, ...where].join("; ");
}

function nearest_text({ in_ms, rule }: NonNullable<Waiting["nearest"]>): string {
  return rule === null ? "fits now" : `kept apart by “${rule}”, fits in ${duration(in_ms)}`;
}

function links(players: string[]): HTMLElement {
  return make("span", { class: "links" }, ...players.map((id) => player_link(id)));
}
