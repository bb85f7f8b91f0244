// The room: two people, what they say, and a connection that may be lost without losing anything.

import type { Matchpoint, Member, Room, Session } from "../../sdk/index.ts";
import { draw_lines } from "./lines.ts";
import { el, make, notice, show, write } from "./dom.ts";
import { keep_view, kept_view, remember } from "./memory.ts";
import * as words from "./words.ts";

/** How long "Drop my connection" stays away: long enough to see what the other then says. */
const AWAY_MS = 4_000;

const STATES: Record<Member["state"], string> = {
  here: "here",
  away: "away",
  expected: "on the way",
  left: "has left",
};

/** How a meeting ended for this page. `met` says that it was a meeting, to be found among the past ones. */
export type Parted = { met: boolean; log_in: boolean };

/** Meets in a room until it is over, or one leaves. */
export function meet(matchpoint: Matchpoint, session: Session, id: string): Promise<Parted> {
  remember({ at: "room", room: id });
  el("lines").replaceChildren();
  const input = el<HTMLInputElement>("say-input");
  show("room", input);
  return new Promise((parted) => {
    let over = false;
    let leaving = false;
    const left = () => {
      if (!over) notice("You left. The meeting is listed here once it is over for the other one too.", "news");
      done({ met: false, log_in: false });
    };
    const done = (how: Parted) => {
      if (over) return;
      over = true;
      clearInterval(tick);
      removeEventListener("pagehide", keep);
      room.close();
      parted(how);
    };
    const changed = () => {
      if (over) return;
      draw(room);
      if (room.view.ended) {
        notice(farewell(room), "news");
        done({ met: true, log_in: false });
      } else if (room.line.is === "stopped") {
        const { code, log_in } = room.line;
        if (leaving && (code === 4000 || code === 1000)) return left();
        notice(log_in ? "Your session is over. Give your name again to carry on." : words.closed(code));
        done({ met: code === 4007, log_in });
      }
    };
    // Drawn after the constructor is through, and once for all that happens in one turn.
    let due = false;
    const soon = () => {
      if (due) return;
      due = true;
      queueMicrotask(() => {
        due = false;
        changed();
      });
    };
    const room = matchpoint.room(session, id, { changed: soon }, kept_view(id));
    const keep = () => keep_view(id, room.view);
    const tick = setInterval(() => draw_line(room), 500);
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
        notice(words.trouble(error));
      });
    };
    el("drop").onclick = () => {
      room.drop(AWAY_MS);
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
      if (!over()) notice(words.trouble(error));
    })
    .finally(() => {
      for (const button of buttons) button.disabled = false;
    });
}

function draw(room: Room): void {
  const { view } = room;
  const others = view.members.filter(({ player }) => player !== view.you);
  write(el("room-title"), others.map(({ name }) => name).join(", ") || "Your meeting");
  const own = view.members.filter(({ player }) => player === view.you);
  // What the room last said of oneself is no news while one cannot hear it.
  const offline = room.line.is !== "open";
  const own_now = own.map((member) => (offline ? { ...member, state: "away" as const } : member));
  const members = [...own_now, ...others].map((member) => chip(member, member.player === view.you));
  const drawn = members.map(({ outerHTML }) => outerHTML).join("");
  const list = el("members");
  if (list.innerHTML !== drawn) list.replaceChildren(...members);
  draw_lines(view, room.unsent);
  draw_line(room);
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

function draw_line(room: Room): void {
  const place = el("connection");
  place.dataset.line = room.line.is;
  write(place, words.line(room.line));
  write(el("connection-said"), words.line_said(room.line));
  el<HTMLButtonElement>("drop").disabled = room.line.is !== "open";
}

function farewell({ view }: Room): string {
  const { reason, by } = view.ended ?? {};
  const other = view.members.find(({ player }) => player === by)?.name ?? "The other person";
  if (reason === "ended") return by === view.you ? "You ended the meeting." : `${other} ended the meeting.`;
  if (reason === "no_show") return "The other person never came. That happens; try again.";
  if (reason === "time_up") return "Time was up, so the meeting is over.";
  return "Everybody left, so the meeting is over.";
}
