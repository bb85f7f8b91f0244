// The board of Connect Four: a table whose column heads are the buttons that drop a disc.

import type { ConnectFour, Json } from "@matchpoint/client";
import { el, make, write } from "../dom.ts";
import { match_time, seat_name, time_left } from "./board.ts";
import type { Board, BoardContext, GameRoom, MatchEvent } from "./board.ts";
import { attach_endings } from "./endings.ts";
import { winning_squares } from "./four_in_a_line.ts";

type State = ConnectFour["state"];
type Told = { by?: number; square?: string; draw_offered?: number; draw_declined?: number };

const COLUMNS = ["a", "b", "c", "d", "e", "f", "g"];
const ROWS = [6, 5, 4, 3, 2, 1];
/** The time left from which a clock warns. */
const LOW_MS = 10_000;

/** A square of the table, with its text for screen readers. */
type Cell = { cell: HTMLElement; text: HTMLElement };

/** Builds the board. */
export function connect_four(context: BoardContext): Board {
  const { room, kept, move, is_moving } = context;
  const state = () => room.state.get() as State;
  const drop = (column: number) => {
    if (room.seat !== null && !room.view.ended) move({ drop: column });
  };
  const players = [0, 1].map(player_box);
  const cells = new Map<string, Cell>();
  const buttons = column_buttons(drop);
  const grid = table(buttons, cells, drop);
  el("game-board").replaceChildren(make("div", { class: "seats" }, ...players.map(({ box }) => box)), grid);
  const endings = attach_endings(context, () => state().draw_offered);
  const tick = () => {
    players.forEach(({ clock }, seat) => {
      const left = left_ms(state(), seat, match_time(room));
      write(clock, left === null ? "" : time_left(left));
      clock.dataset.low = String(left !== null && left < LOW_MS && !room.view.ended);
    });
    endings.draw();
  };

  return {
    draw: () => {
      const shown = state();
      const { board, turn } = shown;
      const won = new Set(room.view.ended ? winning_squares(board) : []);
      grid.dataset.decided = String(won.size > 0);
      for (const [square, cell] of cells) draw_cell(cell, square, room, board[square], (kept() as Told | null)?.square === square, won.has(square));
      draw_columns(buttons, room, shown, !is_moving());
      players.forEach(({ box, name }, seat) => {
        write(name, seat_name(room, seat));
        box.dataset.turn = String(turn === seat && !room.view.ended);
        box.dataset.own = String(seat === room.seat);
      });
      tick();
    },
    tick,
    status: () => (state().turn === room.seat ? "Your turn" : `${seat_name(room, state().turn)} to move`),
    announcement: ({ body }: MatchEvent) => announcement(body as Told | undefined, room),
    keeps: (told: Json) => (told as Told | null)?.square !== undefined,
    resign: () => room.move({ end: "resign" }),
  };
}

function draw_cell({ cell, text }: Cell, square: string, room: GameRoom, seat: number | undefined, is_last: boolean, is_won: boolean): void {
  cell.dataset.seat = seat === undefined ? "none" : String(seat);
  cell.dataset.last = String(is_last);
  cell.dataset.won = String(is_won);
  const owner = seat === undefined ? "empty" : seat === room.seat ? "yours" : seat_name(room, seat);
  write(text, [`${square}, ${owner}`, is_last ? "last disc" : "", is_won ? "in the winning line" : ""].filter(Boolean).join(", "));
}

/** Names each column, and says whether the player can drop a disc there now. */
function draw_columns(buttons: HTMLButtonElement[], room: GameRoom, { board, turn }: State, is_ready: boolean): void {
  const is_playing = room.seat !== null && !room.view.ended;
  buttons.forEach((button, index) => {
    const filled = ROWS.filter((row) => board[`${COLUMNS[index]}${row}`] !== undefined).length;
    const can_drop = is_playing && is_ready && turn === room.seat && filled < ROWS.length;
    button.setAttribute("aria-label", `Drop into column ${COLUMNS[index]}, ${filled} of ${ROWS.length} filled`);
    // Not disabled: the focus stays, and the answer of the server says why it refuses.
    button.setAttribute("aria-disabled", String(!can_drop));
    button.hidden = !is_playing;
  });
}

/** Returns the time left to a seat, or null if it is unlimited. */
export function left_ms({ clock, turn }: State, seat: number, now: number): number | null {
  const shown = clock[`${seat}`];
  if (shown === undefined) return null;
  return seat === turn && clock.paused !== true ? clock.began + shown - now : shown;
}

function announcement(told: Told | undefined, room: GameRoom): string {
  const { by, square, draw_offered, draw_declined } = told ?? {};
  const says = (seat: number, verb: string) => `${seat_name(room, seat)} ${verb}${seat === room.seat ? "" : "s"}`;
  if (by !== undefined && square !== undefined) return `${says(by, "drop")} into column ${square[0]}.`;
  if (draw_offered !== undefined) return `${says(draw_offered, "offer")} a draw.`;
  if (draw_declined !== undefined) return `${says(draw_declined, "decline")} the draw.`;
  return "";
}

function player_box(seat: number): Record<"box" | "name" | "clock", HTMLElement> {
  const name = make("span", { class: "seat-name" });
  const clock = make("span", { class: "clock", role: "timer", "data-testid": `clock-${seat}` });
  const disc = make("i", { class: "disc", "data-seat": String(seat), "aria-hidden": "true" });
  return { box: make("div", { class: "seat", "data-testid": `seat-${seat}` }, disc, name, clock), name, clock };
}

/** Makes the heads of the columns. Arrow keys move between them, and one is in the order of Tab. */
function column_buttons(drop: (column: number) => void): HTMLButtonElement[] {
  const last = COLUMNS.length - 1;
  const focus = (to: number) => {
    const next = Math.max(0, Math.min(last, to));
    buttons.forEach((button, index) => (button.tabIndex = index === next ? 0 : -1));
    buttons[next]?.focus();
  };
  const buttons = COLUMNS.map((column, index) => {
    const button = make("button", { type: "button", class: "column", "data-testid": `column-${column}` }, column) as HTMLButtonElement;
    button.tabIndex = index === 3 ? 0 : -1;
    const targets: Record<string, number> = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: last };
    button.onkeydown = (event) => {
      const target = targets[event.key];
      if (target === undefined) return;
      event.preventDefault();
      focus(target);
    };
    button.onclick = () => {
      focus(index);
      drop(index);
    };
    return button;
  });
  return buttons;
}

/** Makes the table, and enters its squares into `cells`. */
function table(buttons: HTMLButtonElement[], cells: Map<string, Cell>, drop: (column: number) => void): HTMLElement {
  const rows = ROWS.map((row) =>
    make(
      "tr",
      {},
      ...COLUMNS.map((column, index) => {
        const text = make("span", { class: "visually-hidden" });
        const cell = make("td", { "data-square": `${column}${row}` }, make("i", { class: "disc", "aria-hidden": "true" }), text);
        // For a pointer, the whole column is its button.
        cell.onclick = () => drop(index);
        cells.set(`${column}${row}`, { cell, text });
        return cell;
      }),
    ),
  );
  const heads = COLUMNS.map((column, index) => make("th", { scope: "col", "aria-label": `Column ${column}` }, buttons[index] ?? column));
  return make(
    "table",
    { class: "four", "data-testid": "board" },
    make("caption", { class: "visually-hidden" }, "The board, from the top row to the bottom row"),
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...rows),
  );
}
