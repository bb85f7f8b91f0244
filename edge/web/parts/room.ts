// The room screen: members, messages, a game, and a connection that may drop without losing any of them.

import type { Matchpoint, Member, Room } from "@matchpoint/client";
import { confirm, dismiss } from "./confirm.ts";
import { draw_messages } from "./messages.ts";
import { el, make, notice, show, write } from "./dom.ts";
import { Game } from "./games/game.ts";
import { end_notice } from "./outcomes.ts";
import { save_room, load_room, save_location } from "./page_state.ts";
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

/** Shows a room until it ends or the player leaves. A game stays on the screen after its end. */
export function show_room(matchpoint: Matchpoint, id: string): Promise<RoomExit> {
  save_location({ at: "room", room: id });
  el("messages").replaceChildren();
  const input = el<HTMLInputElement>("say-input");
  show("room", input);
  el("room").dataset.room = id;
  return new Promise((resolve) => {
    let over = false;
    let leaving = false;
    const left = () => {
      // A match of two ends when one leaves.
      const ended = room.view.ended !== null || (room.view.mode !== null && room.seats.length === 2);
      const text = "You left. The match will appear here once it has ended for the other player too.";
      if (!over) notice(ended ? "You left the match." : text, "news");
      done({ ended, log_in: false });
    };
    const done = (how: RoomExit) => {
      if (over) return;
      over = true;
      dismiss();
      clearInterval(tick);
      removeEventListener("pagehide", keep);
      game.close();
      room.close();
      resolve(how);
    };
    const changed = () => {
      if (over) return;
      const connection = room.connection.get();
      draw(room, game);
      if (room.view.ended) {
        if (leaving) return left();
        dismiss();
        if (game.has_board) return;
        notice(end_notice(room.view), "news");
        done({ ended: true, log_in: false });
      } else if (connection.is === "stopped") {
        const { code, log_in } = connection;
        if (leaving && [1000, 4000, 4005].includes(code)) return left();
        notice(log_in ? "Your session has ended. Enter your name again to continue." : phrases.close_reason(code));
        done({ ended: code === 4007, log_in });
      }
    };
    const saved = load_room(id);
    const room = matchpoint.open_room(id, { view: saved?.view ?? null });
    room.on("changed", changed);
    const game = new Game(room, saved?.board ?? null);
    const keep = () => save_room(id, { view: room.view, board: game.kept });
    const tick = setInterval(() => draw_connection(room), 500);
    addEventListener("pagehide", keep);

    attach_form(room, () => over);
    el("drop").onclick = () => {
      room.disconnect(AWAY_MS);
      // The button is disabled, and must not lose the focus.
      (room.view.mode === null ? input : el("room-title")).focus();
    };
    el("end").onclick = () => act(room.end(), () => over);
    el("result-go").onclick = () => done({ ended: true, log_in: false });
    el("resign").onclick = () => void resign(game, () => over);
    el("leave").onclick = async () => {
      if (is_watching(room)) return done({ ended: false, log_in: false });
      if (!(await may_leave(room)) || over || room.view.ended) return;
      leaving = true;
      act(room.leave().then(left), () => over);
    };
  });
}

/** Asks a player who would lose a match by leaving it. */
async function may_leave(room: Room): Promise<boolean> {
  const loses = room.view.mode !== null && room.state.get() !== null;
  return !loses || confirm("Leave the match? You lose it if you leave now.", "Leave");
}

async function resign(game: Game, over: () => boolean): Promise<void> {
  if (game.resign && (await confirm("Resign? You lose the match.", "Resign"))) act(game.resign(), over);
}

/** Sends what is written into the form. */
function attach_form(room: Room, over: () => boolean): void {
  const input = el<HTMLInputElement>("say-input");
  el("say-form").onsubmit = (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === "") return;
    input.value = "";
    notice("");
    room.say({ text }).catch((error: unknown) => {
      if (over()) return;
      if (input.value === "") input.value = text;
      notice(phrases.error(error));
    });
  };
}

function act(doing: Promise<unknown>, over: () => boolean): void {
  const buttons = ["end", "leave", "resign"].map((id) => el<HTMLButtonElement>(id));
  for (const button of buttons) button.disabled = true;
  doing
    .catch((error: unknown) => {
      if (!over()) notice(phrases.error(error));
    })
    .finally(() => {
      for (const button of buttons) button.disabled = false;
    });
}

/** Returns whether this player has no seat. */
function is_watching({ view }: Room): boolean {
  return view.position.epoch !== null && !view.members.some(({ player }) => player === view.you);
}

function draw(room: Room, game: Game): void {
  const { view } = room;
  game.draw();
  const others = view.members.filter(({ player }) => player !== view.you);
  write(el("room-title"), others.map(({ name }) => name).join(", ") || "Your match");
  const own = view.members.filter(({ player }) => player === view.you);
  // While disconnected, the player's own state in the view is outdated.
  const offline = room.connection.get().is !== "open" && view.ended === null;
  const own_now = own.map((member) => (offline ? { ...member, state: "away" as const } : member));
  const members = [...own_now, ...others].map((member) => chip(member, member.player === view.you));
  const drawn = members.map(({ outerHTML }) => outerHTML).join("");
  const list = el("members");
  if (list.innerHTML !== drawn) list.replaceChildren(...members);
  draw_messages(view, room.unsent.get());
  draw_connection(room);
  draw_controls(room, game);
}

/** Shows the controls that the player has: a spectator has few, and a room that is over none but the way to the history. */
function draw_controls(room: Room, game: Game): void {
  const is_over = room.view.ended !== null;
  const watching = is_watching(room);
  el("say-form").hidden = is_over || watching;
  el("room-actions").hidden = is_over;
  el("connection").hidden = is_over;
  el("end").hidden = watching || room.view.mode !== null;
  el("resign").hidden = watching || game.resign === undefined || room.state.get() === null;
  write(el("leave"), watching ? "Stop watching" : "Leave");
  const go = el("result-go");
  if (go.hidden && is_over && game.has_board) {
    go.hidden = false;
    go.focus({ preventScroll: true });
  } else if (!is_over) go.hidden = true;
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
  status.dataset.connection = room.connection.get().is;
  write(status, phrases.connection(room.connection.get()));
  write(el("connection-announcement"), phrases.connection_announcement(room.connection.get()));
  el<HTMLButtonElement>("drop").disabled = room.connection.get().is !== "open";
}
