// The screen of the audit trail: what operators and service keys have done, newest first.

import { make } from "../parts/dom.ts";
import type { Page } from "./api.ts";
import { paged } from "./screen.ts";
import type { Context, Screen } from "./screen.ts";
import { id, panel, player_link, room_link, table, time } from "./view.ts";

type Action = { id: string; at: string; by: string; action: string; room?: string; player?: string; detail?: string };

export const audit: Screen = { name: "audit", title: "Audit", show };

function show({ operator, main, signal }: Context): void {
  if (!operator.has("moderation")) {
    main.append(make("p", { class: "muted" }, "The audit trail is for operators with the scope “moderation”."));
    return;
  }
  const read = async (cursor: string) => {
    const page = await operator.region<Page<"actions", Action>>(`/v1/audit?limit=30${cursor}`, signal);
    return { items: page.actions, cursor: page.cursor ?? null };
  };
  const draw = (items: Action[]) => {
    const rows = items.map((one) => [time(one.at), make("code", { "data-testid": "action" }, one.action), one.detail, target(one), id(one.by)]);
    return table("Actions", ["Time", "Action", "Detail", "On", "By"], rows, "No action yet.");
  };
  main.append(panel("What operators and services have done", "audit", paged(signal, read, draw)));
}

function target({ player, room }: Action): HTMLElement {
  return make("span", { class: "links" }, ...(player === undefined ? [] : [player_link(player)]), ...(room === undefined ? [] : [room_link(room)]));
}
