// Tic-tac-toe for two: wait for an opponent, and play. The room decides every move; the page shows its state.
// `?name=Ana` is the player.

import { Matchpoint, Refused } from "@matchpoint/client";
import type { Room, TicTacToe } from "@matchpoint/client";

/** The marks of the seats. */
const MARKS = ["✕", "○"] as const;

const element = (id: string) => document.getElementById(id) as HTMLElement;
const status = (text: string) => void (element("status").textContent = text);

const matchpoint = new Matchpoint({ url: import.meta.env["VITE_EDGE"] ?? "http://127.0.0.1:8787" });
(await matchpoint.restore()) ?? (await matchpoint.guest(new URLSearchParams(location.search).get("name") ?? "Guest"));

const squares = Array.from({ length: 9 }, (_, square) => {
  const button = document.createElement("button");
  button.dataset["testid"] = `square-${square}`;
  button.disabled = true;
  return button;
});
element("board").append(...squares);
element("again").onclick = () => void play();
await play();

/** Waits for an opponent, and plays one match. A page that was reloaded goes on with the match that it is in. */
async function play(): Promise<void> {
  element("again").hidden = true;
  status("Waiting for an opponent …");
  const match = await matchpoint.queue("tic-tac-toe");
  const room = await matchpoint.room<TicTacToe>(match.room);
  squares.forEach((button, square) => (button.onclick = () => mark(room, square)));
  room.on("changed", () => show(room));
  show(room);
}

/** Marks a square. A move is repeated after a lost connection, and executed once. */
async function mark(room: Room<TicTacToe>, square: number): Promise<void> {
  try {
    await room.move({ mark: square });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    status(error.message);
  }
}

function show(room: Room<TicTacToe>): void {
  const state = room.state.get();
  const { ended } = room.view;
  squares.forEach((button, square) => {
    const seat = state?.board[square];
    button.textContent = seat === undefined ? "" : (MARKS[seat] ?? "");
    button.ariaLabel = `Row ${1 + Math.floor(square / 3)}, column ${1 + (square % 3)}: ${button.textContent || "empty"}`;
    button.disabled = ended !== null || seat !== undefined || state?.turn !== room.seat;
  });
  element("again").hidden = ended === null;
  if (ended) return status(result(room));
  if (!state) return status("Waiting for the other player …");
  const name = room.members.get().find(({ player }) => player === room.seats[state.turn])?.name;
  status(`${state.turn === room.seat ? "Your" : `${name}’s`} turn: ${MARKS[state.turn]}`);
}

function result({ seat, view }: Room<TicTacToe>): string {
  const outcome = view.ended?.outcome;
  if (!outcome || seat === null) return "The match is over.";
  if (outcome.draw) return "A draw.";
  return outcome.ranks[seat] === 1 ? "You win." : "You lose.";
}
