// The board of Rock, Paper, Scissors: three choices, what each player has done in the round, and the last round.

import type { Hand, Json, RockPaperScissors } from "@matchpoint/client";
import { el, make, write } from "../dom.ts";
import { match_time, seat_name, time_left } from "./board.ts";
import type { Board, BoardContext, MatchEvent } from "./board.ts";
import { hand_icon } from "./hand_icon.ts";

type State = RockPaperScissors["state"];
/** The end of a round, as all players are told. */
type Round = { round: number; choices: Partial<Record<number, Hand>>; won_by: number[] };

const HANDS: Hand[] = ["rock", "paper", "scissors"];
const title = (hand: Hand) => hand.slice(0, 1).toUpperCase() + hand.slice(1);

/** Builds the board. */
export function rock_paper_scissors({ room, kept, move, is_moving }: BoardContext): Board {
  const sides = [side(0), side(1)];
  const round = make("p", { class: "round", "data-testid": "round" });
  const clock = make("span", { class: "clock", role: "timer", "data-testid": "round-clock" });
  const last = make("p", { class: "last-round", "data-testid": "last-round" });
  const choices = HANDS.map((hand) => {
    const button = make("button", { type: "button", class: "choice", "data-testid": `choose-${hand}` }, hand_icon(hand), title(hand));
    button.onclick = () => {
      if (button.getAttribute("aria-disabled") !== "true") move(hand);
    };
    return { hand, button };
  });
  const group = make("div", { class: "choices", role: "group", "aria-label": "Your choice" }, ...choices.map(({ button }) => button));
  el("game-board").replaceChildren(
    make("div", { class: "round-head" }, round, clock),
    make("div", { class: "sides" }, ...sides.map(({ box }) => box)),
    group,
    last,
  );

  const state = () => room.state.get() as State;
  const name = (seat: number) => seat_name(room, seat);
  const tick = () => {
    const left = state().until - match_time(room);
    write(clock, room.view.ended ? "" : time_left(left));
    clock.dataset.low = String(left < 5_000);
  };
  return {
    draw: () => {
      const { chosen, yours, wins } = state();
      const is_over = room.view.ended !== null;
      const own = room.seat === null ? undefined : yours[room.seat];
      write(round, is_over ? "Final score" : `Round ${state().round}`);
      sides.forEach((side, seat) => {
        const hand = yours[seat];
        write(side.name, name(seat));
        write(side.wins, String(wins[seat] ?? 0));
        const does = hand ? `${title(hand)}, chosen` : chosen[seat] ? "Chosen" : "Choosing…";
        write(side.text, is_over ? "" : does);
        side.box.dataset.chosen = String(chosen[seat] === true && !is_over);
      });
      group.hidden = room.seat === null || is_over;
      for (const { hand, button } of choices) {
        button.setAttribute("aria-pressed", String(own === hand));
        button.setAttribute("aria-disabled", String(own !== undefined || is_moving()));
      }
      write(last, last_round(kept() as Round | null, room.seat, name));
      tick();
    },
    tick,
    status: () => {
      if (room.seat === null) return "You are watching.";
      if (state().yours[room.seat] === undefined) return "Choose before the time runs out.";
      return `You have chosen. Waiting for ${name(1 - room.seat)}.`;
    },
    announcement: ({ body }: MatchEvent) => {
      const told = body as (Partial<Round> & { chose?: number }) | undefined;
      if (told?.chose !== undefined) return told.chose === room.seat ? "" : `${name(told.chose)} has chosen.`;
      return told?.choices ? last_round(told as Round, room.seat, name) : "";
    },
    keeps: (told: Json) => typeof told === "object" && told !== null && "choices" in told,
  };
}

/** Says how a round ended: "Round 1: you chose rock, Bo chose paper. Bo won the round." */
function last_round(told: Round | null, own: number | null, name: (seat: number) => string): string {
  if (told === null) return "";
  const [winner] = told.won_by;
  const seats = own === 1 ? [1, 0] : [0, 1];
  const of = (seat: number) => (seat === own ? "you" : name(seat));
  const chose = seats.map((seat) => `${of(seat)} ${told.choices[seat] ? `chose ${told.choices[seat]}` : "chose nothing"}`);
  const won = winner === undefined ? "A tie" : `${name(winner)} won the round`;
  return `Round ${told.round}: ${chose.join(", ")}. ${won}.`;
}

function side(seat: number): Record<"box" | "name" | "wins" | "text", HTMLElement> {
  const name = make("strong", { class: "seat-name" });
  const wins = make("span", { class: "wins", "data-testid": `wins-${seat}` });
  const text = make("span", { class: "side-text", "data-testid": `side-${seat}` });
  return { box: make("div", { class: "side" }, name, wins, text), name, wins, text };
}
