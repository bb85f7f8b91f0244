// The texts about the end of a match: who won and why, and the name of its game.

import type { Ended, Outcome, View } from "@matchpoint/client";
import type { PastMatch } from "@matchpoint/client/region";

const GAMES: Record<string, string> = {
  "connect-four": "Connect Four",
  "rock-paper-scissors": "Rock, Paper, Scissors",
  "go-fish": "Go Fish",
  "tic-tac-toe": "Tic-tac-toe",
  arena: "Arena",
};

/** Returns the name of a mode's game: `connect-four@1` is Connect Four. */
export function game_name(mode: string): string {
  const name = mode.split("@")[0] ?? mode;
  return GAMES[name] ?? name.replaceAll("-", " ");
}

/** A player in a sentence: the name with the verb that follows it. */
type Subject = { name: string; was: string };

/** Why a match ended, by the word of its mode. `lost` is the player behind; none where several are. */
const WHYS: Record<string, (lost: Subject) => string> = {
  four_in_a_line: () => "four in a line",
  three_in_a_line: () => "three in a line",
  board_full: () => "the board is full",
  agreed: () => "both agreed",
  resigned: ({ name }) => `${name} resigned`,
  claimed: ({ name, was }) => `${name} ${was} away for too long`,
  time: ({ name }) => `${name} ran out of time`,
  left: ({ name }) => `${name} left`,
  rounds: () => "the rounds decided",
  books: () => "the books decided",
  coins: () => "the coins decided",
};

function why({ why, ranks }: Outcome, seats: readonly string[], you: string, name: (player: string) => string): string {
  const lost = seats[ranks.indexOf(Math.max(...ranks))] ?? "";
  const subject = lost === you ? { name: "you", was: "were" } : { name: name(lost), was: "was" };
  return WHYS[why]?.(subject) ?? why.replaceAll("_", " ");
}

/** Returns this player's result in a word: Won, Lost, Draw, or the rank among more than two; empty for a spectator. */
export function result({ ranks, draw }: Outcome, seats: readonly string[], you: string): string {
  const rank = ranks[seats.indexOf(you)];
  if (rank === undefined) return "";
  if (draw) return "Draw";
  if (rank === 1) return ranks.filter((other) => other === 1).length === 1 ? "Won" : "Shared first place";
  return ranks.length === 2 ? "Lost" : `Place ${rank} of ${ranks.length}`;
}

/** Says who won and why: "You won: four in a line." */
export function outcome_text(outcome: Outcome, seats: readonly string[], you: string, name: (player: string) => string): string {
  const winners = seats.filter((_, seat) => outcome.ranks[seat] === 1);
  const others = winners.filter((player) => player !== you).map(name);
  const who = winners.length === others.length ? others : ["You", ...others];
  const rank = outcome.ranks[seats.indexOf(you)];
  const is_lost = rank !== undefined && rank > 1 && seats.length === 2;
  const headline = outcome.draw ? "A draw" : is_lost ? "You lost" : `${who.join(" and ")} won`;
  return `${headline}: ${why(outcome, seats, you, name)}.`;
}

/** Says how a room ended. */
export function end_notice({ ended, seats, you, members }: View): string {
  const name = (player: string | null) => members.find((member) => member.player === player)?.name ?? "The other player";
  const { reason, by, outcome }: Partial<Ended> = ended ?? {};
  if (outcome) return outcome_text(outcome, seats, you, name);
  switch (reason) {
    case "ended":
      return by === you ? "You ended the match." : `${name(by ?? null)} ended the match.`;
    case "no_show":
      return "The other player never connected. Try again.";
    case "time_up":
      return "Time ran out, so the match has ended.";
    case "agreed":
      return "All players stated the same result, so the match has ended.";
    case "disputed":
      return "The players stated different results, so the match has ended without one.";
    case "mode_gone":
      return "The game failed on the server, so the match ended without a result.";
    default:
      return "All players left, so the match has ended.";
  }
}

const REASONS: Record<PastMatch["reason"], string> = {
  ended: "",
  mode: "",
  agreed: "agreed result",
  disputed: "no agreed result",
  abandoned: "all players left",
  no_show: "a player did not show up",
  time_up: "time ran out",
  mode_gone: "the game failed",
};

/** Says what a past match was and how it ended; each text may be empty. */
export function past_result({ reason, mode, outcome, players }: PastMatch, you: string): { game: string; result: string; why: string } {
  const name = (player: string) => players.find((other) => other.player === player)?.name || "the other player";
  const seats = players.map(({ player }) => player);
  return {
    game: mode == null ? "" : game_name(mode),
    result: outcome ? result(outcome, seats, you) : "",
    why: outcome ? why(outcome, seats, you, name) : (REASONS[reason] ?? ""),
  };
}
