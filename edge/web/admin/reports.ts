// The screen of reports: the open ones with their evidence, and the decisions of a moderator.

import { make } from "../parts/dom.ts";
import { path } from "./api.ts";
import type { Page } from "./api.ts";
import { ask } from "./ask.ts";
import { announce, paged } from "./screen.ts";
import type { Context, Screen } from "./screen.ts";
import { badge, button, facts, id, json, panel, player_link, room_link, table, time } from "./view.ts";

/** A report with its evidence and its resolution. */
export type Report = {
  report: string;
  state: "open" | "resolved";
  created: string;
  by: string;
  player: string;
  room: string | null;
  reason: string;
  text: string;
  evidence: { at?: number; ev?: string; by?: string; ts?: number; body?: unknown }[];
  resolved?: { at: string; by: string; action: string };
};

export const reports: Screen = { name: "reports", title: "Reports", show };

function show(context: Context): void {
  const { operator, main, signal } = context;
  if (!operator.has("moderation")) {
    main.append(make("p", { class: "muted" }, "Reports are for operators with the scope “moderation”."));
    return;
  }
  const read = async (cursor: string) => {
    const page = await operator.region<Page<"reports", Report>>(`/v1/reports?limit=10${cursor}`, signal);
    return { items: page.reports, cursor: page.cursor ?? null };
  };
  const draw = (items: Report[]) =>
    items.length === 0 ? make("p", { class: "muted", "data-testid": "no-reports" }, "No report is open.") : make("div", { class: "cases" }, ...items.map((one) => report_panel(context, one)));
  main.append(make("p", { class: "muted" }, "Open reports, the oldest first."), paged(signal, read, draw));
}

/** One report, which a moderator closes or answers with a ban. */
function report_panel({ operator }: Context, report: Report): HTMLElement {
  const decide = async (question: Promise<boolean>, text: string) => {
    if (!(await question)) return;
    announce(text);
    inside.replaceWith(make("p", { class: "muted", "data-testid": "resolved" }, `${report.report}: ${text}`));
  };
  const at = path("/v1/reports/", report.report, "/resolve");
  const dismiss = () =>
    ask({ title: "Close the report", text: "The report is closed without a consequence.", yes: "Close" }, (reason) => operator.act("region", "POST", at, reason, { action: "none" }));
  const ban = () =>
    ask({ title: "Ban the reported player", text: "The report is resolved and the player banned in one step.", yes: "Ban", until: true, hint: "The player reads this reason, and may appeal." }, (reason, until) =>
      operator.act("region", "POST", at, reason, { action: "ban", reason, ...(until !== null && { until }) }),
    );
  const inside = panel(
    `Report of ${report.reason}`,
    "report",
    report_facts(report),
    report.text === "" ? "" : make("blockquote", {}, report.text),
    evidence(report),
    make(
      "div",
      { class: "row" },
      button("Ban the player…", "report-ban", () => decide(ban(), "The player is banned."), "danger"),
      button("Close without consequence…", "report-close", () => decide(dismiss(), "The report is closed.")),
    ),
  );
  return inside;
}

function report_facts(report: Report): HTMLElement {
  return facts([
    ["About", player_link(report.player)],
    ["By", player_link(report.by)],
    ["Room", report.room === null ? null : room_link(report.room)],
    ["Received", time(report.created)],
    ["Report", id(report.report)],
  ]);
}

/** The events that the room recorded before the report. */
function evidence({ evidence: events }: Report): HTMLElement {
  if (events.length === 0) return make("p", { class: "muted" }, "No evidence: the report did not come through a room.");
  const rows = events.map(({ at, ev, by, ts, body }) => [at, ev, by === undefined ? null : player_link(by), time(ts), body === undefined ? null : make("code", {}, JSON.stringify(body))]);
  return make("details", { open: "" }, make("summary", {}, `Evidence: ${events.length} events of the room`), table("Evidence", ["Position", "Event", "By", "Time", "Body"], rows, ""));
}

/** The reports about one player. */
export function report_rows(items: Report[]): Node {
  const state = (one: Report) => (one.resolved === undefined ? badge("open", "late") : badge(one.resolved.action === "ban" ? "banned" : "closed"));
  const rows = items.map((one) => [
    state(one),
    one.reason,
    one.text,
    player_link(one.by),
    one.room === null ? null : room_link(one.room),
    time(one.created),
    one.evidence.length === 0 ? null : make("details", {}, make("summary", {}, `${one.evidence.length} events`), json(one.evidence, "Evidence")),
  ]);
  return table("Reports about the player", ["State", "Reason", "Text", "By", "Room", "Received", "Evidence"], rows, "Never reported.");
}
