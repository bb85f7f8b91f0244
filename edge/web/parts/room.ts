// The room screen: members, messages, and a connection that may drop without losing messages.

import type { Matchpoint, Member, Room, Session } from "../../sdk/index.ts";
import { draw_messages } from "./messages.ts";
import { el, make, notice, show, write } from "./dom.ts";
import { save_view, load_view, save_location } from "./page_state.ts";
import * as phrases from "./phrases.ts";

/** How long "Drop my connection" stays disconnected: long enough to miss messages. */
const AWAY_MS = 4_000;

const STATES: Record<Member["state"], string> = {
  here: "here",
  away: "away",
  expected: "not here yet",
  left: "has left",
};

/** The end of the room for this page. `ended`: the match is over, and will appear in the history. */
export type RoomExit = { ended: boolean; log_in: boolean };

/** Shows a room until it ends or the player leaves. */
export function show_room(matchpoint: Matchpoint, session: Session, id: string): Promise<RoomExit> {
  save_location({ at: "room", room: id });
  el("messages").replaceChildren();
  const input = el<HTMLInputElement>("say-input");
  show("room", input);
  return new Promise((resolve) => {
    let over = false;
    let leaving = false;
    const left = () => {
      if (!over) notice("You left. The match will appear here once it has ended for the other player too.", "news");
      done({ ended: false, log_in: false });
    };
    const done = (how: RoomExit) => {
      if (over) return;
      over = true;
      clearInterval(tick);
      removeEventListener("pagehide", keep);
      room.close();
      resolve(how);
    };
    const changed = () => {
      if (over) return;
      draw(room);
      if (room.view.ended) {
        notice(end_notice(room), "news");
        done({ ended: true, log_in: false });
      } else if (room.connection.is === "stopped") {
        const { code, log_in } = room.connection;
        if (leaving && [1000, 4000, 4005].includes(code)) return left();
        notice(log_in ? "Your session has ended. Enter your name again to continue." : phrases.close_reason(code));
        done({ ended: code === 4007, log_in });
      }
    };
    const room = matchpoint.room(session, id, { changed }, load_view(id));
    const keep = () => save_view(id, room.view);
    const tick = setInterval(() => draw_connection(room), 500);
    addEventListener("pagehide", keep);

    el("say-form").onsubmit = (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (text === "") return;
      input.value = "";
      notice("");
      room.say({ text }).catch((error: unknown) => {
        if (over) return;
        if (input.value === "") input.value = text;
        notice(phrases.error(error));
      });
    };
    el("drop").onclick = () => {
      room.disconnect(AWAY_MS);
      input.focus();
    };
    el("end").onclick = () => act(room.end(), () => over);
    el("leave").onclick = () => {
      leaving = true;
      act(room.leave().then(left), () => over);
    };
  });
}

function act(doing: Promise<void>, over: () => boolean): void {
  const buttons = [el<HTMLButtonElement>("end"), el<HTMLButtonElement>("leave")];
  for (const button of buttons) button.disabled = true;
  doing
    .catch((error: unknown) => {
      if (!over()) notice(phrases.error(error));
    })
    .finally(() => {
      for (const button of buttons) button.disabled = false;
    });
}

function draw(room: Room): void {
  const { view } = room;
  const others = view.members.filter(({ player }) => player !== view.you);
  write(el("room-title"), others.map(({ name }) => name).join(", ") || "Your match");
  const own = view.members.filter(({ player }) => player === view.you);
  // While disconnected, the player's own state in the view is outdated.
  const offline = room.connection.is !== "open";
  const own_now = own.map((member) => (offline ? { ...member, state: "away" as const } : member));
  const members = [...own_now, ...others].map((member) => chip(member, member.player === view.you));
  const drawn = members.map(({ outerHTML }) => outerHTML).join("");
  const list = el("members");
  if (list.innerHTML !== drawn) list.replaceChildren(...members);
  draw_messages(view, room.unsent);
  draw_connection(room);
}

function chip({ player, name, state }: Member, you: boolean): HTMLElement {
  return make(
    "li",
    { "data-testid": "member", "data-player": player, "data-presence": state, "data-own": String(you) },
    make("i", { class: "dot", "aria-hidden": "true" }),
    you ? "You" : name,
    make("span", { class: "presence" }, ` ${STATES[state]}`),
  );
}

function draw_connection(room: Room): void {
  const status = el("connection");
  status.dataset.connection = room.connection.is;
  write(status, phrases.connection(room.connection));
  write(el("connection-announcement"), phrases.connection_announcement(room.connection));
  el<HTMLButtonElement>("drop").disabled = room.connection.is !== "open";
}

function end_notice({ view }: Room): string {
  const { reason, by } = view.ended ?? {};
  const other = view.members.find(({ player }) => player === by)?.name ?? "The other player";
  if (reason === "ended") return by === view.you ? "You ended the match." : `${other} ended the match.`;
  if (reason === "no_show") return "The other player never connected. Try again.";
  if (reason === "time_up") return "Time ran out, so the match has ended.";
  return "All players left, so the match has ended.";
}
