// The actions on a player: ban, lift, sign out, free from a match. Each has a reason, which is kept in the audit trail.

import { make } from "../parts/dom.ts";
import { path } from "./api.ts";
import { ask } from "./ask.ts";
import { attempt, fault_place } from "./attempt.ts";
import { announce } from "./screen.ts";
import type { Context } from "./screen.ts";
import { button, panel } from "./view.ts";

/** A player as the region knows it. */
export type Account = {
  player: string;
  name: string;
  bio: string;
  attrs: Record<string, unknown>;
  tier: string | null;
  created: string;
  hidden: boolean;
  ban?: { reason: string; until: string | null };
};

/** A player as the edge knows it. */
export type Place = {
  devices: { at: string; conn: number; since: number; sid: string | null }[];
  me_sockets: number;
  unread_notices: number;
  current_match: { room: string; until: number | null } | null;
  owned_rooms: string[];
  unconfirmed: number;
};

/** Returns the panel of actions; `done` runs after each that has changed something. */
export function actions({ operator }: Context, who: string, account: () => Promise<Account>, place: () => Promise<Place>, done: () => void): HTMLElement {
  const row = make("div", { class: "row" });
  const fault = fault_place();
  const inside = panel("Actions", "player-actions", row, fault);
  const run = (what: () => Promise<boolean>, text: string) =>
    attempt(fault, async () => {
      if (!(await what())) return;
      announce(text);
      done();
    });
  const ban = () =>
    ask({ title: "Ban the player", text: "All sockets of the player close at once.", yes: "Ban", until: true, hint: "The player reads this reason, and may appeal." }, (reason, until) =>
      operator.act("region", "PUT", path("/v1/bans/", who), "", { reason, ...(until !== null && { until }) }),
    );
  const lift = async () => {
    if (!(await account()).ban) throw new Error("The player is not banned.");
    return ask({ title: "Lift the ban", text: "The player may play again at once.", yes: "Lift the ban" }, (reason) => operator.act("region", "DELETE", path("/v1/bans/", who), reason));
  };
  const sign_out = () =>
    ask({ title: "Sign the player out", text: "All logins of the player end, and all sockets close.", yes: "Sign out" }, (reason) =>
      operator.act("region", "DELETE", path("/v1/players/", who, "/sessions"), reason),
    );
  const free = async () => {
    const room = (await place()).current_match?.room;
    if (room === undefined) throw new Error("The player is in no match.");
    const text = `The player can enter another match. The room ${room} is not told: put the player out there, if it still runs.`;
    return ask({ title: "Free the player from the match", text, yes: "Free" }, (reason) => operator.act("edge", "POST", path("/v1/players/", who, "/release"), reason, { room }));
  };
  if (operator.has("moderation")) {
    row.append(button("Ban…", "ban", () => run(ban, "The player is banned."), "danger"), button("Lift the ban…", "lift", () => run(lift, "The ban is lifted.")));
  }
  if (operator.has("players")) {
    row.append(button("Sign out…", "sign-player-out", () => run(sign_out, "The player is signed out.")), button("Free from the match…", "free", () => run(free, "The player is free.")));
  }
  if (!row.hasChildNodes()) row.append(make("p", { class: "muted" }, "You lack the scopes “moderation” and “players”."));
  return inside;
}
