// The types of matches: the form of a mode, and the states and moves of the modes that Matchpoint ships.

import type { Json } from "../wire/wire.ts";

/**
 * The types of a mode: the state as a player sees it, a move, and what its events tell all players or one of them. Without
 * arguments each is any JSON value.
 *
 *     const room = await matchpoint.room<ConnectFour>(id);
 *     await room.move({ drop: 3 });
 */
export type Mode<State = Json, Move = Json, Told = Json, Private = Json> = {
  state: State;
  move: Move;
  told: Told;
  private: Private;
};

/** The index of a seat, from 0. A JSON object has it as a string: `wins[String(seat)]` and `wins[seat]` are the same. */
export type SeatIndex = number;

/**
 * A chess clock. A seat has the milliseconds left to it; the running seat has the milliseconds after `began` at which its
 * time is over, unless the clock stands still. Without seats if time is unlimited.
 */
export type ClockState = {
  /** The start of the match, by the server's clock. */
  began: number;
  /** True while the running seat's clock stands still. */
  paused?: true;
  [seat: `${number}`]: number;
};

/** A choice about the end of a match of two. `claim` claims the win when the opponent has been away for long. */
export type Ending = "resign" | "offer_draw" | "accept_draw" | "decline_draw" | "claim";

/** `connect-four@1`: four discs in a line win. */
export type ConnectFour = Mode<
  {
    /** The seat of each disc, by square: `d1` is the lowest square of the fourth column. */
    board: Record<string, SeatIndex>;
    turn: SeatIndex;
    clock: ClockState;
    /** The seat whose offer of a draw is open. */
    draw_offered?: SeatIndex;
  },
  /** `drop` is a column, from 0. */
  { drop: number } | { end: Ending },
  { by: SeatIndex; square: string } | { draw_offered: SeatIndex } | { draw_declined: SeatIndex },
  never
>;

/** `tic-tac-toe@1`: three marks in a line win. */
export type TicTacToe = Mode<
  {
    /** The seat of each marked square: 0 is the first of the first row, and 8 the last of the last. */
    board: Partial<Record<number, SeatIndex>>;
    turn: SeatIndex;
    clock: ClockState;
  },
  { mark: number },
  { by: SeatIndex; square: number },
  never
>;

/** A choice in a round of `rock-paper-scissors@1`. */
export type Hand = "rock" | "paper" | "scissors";

/** `rock-paper-scissors@1`: both players choose in secret. */
export type RockPaperScissors = Mode<
  {
    /** The number of the round, from 1. */
    round: number;
    /** The end of the round, by the server's clock. */
    until: number;
    /** The rounds that each seat has won. */
    wins: Record<SeatIndex, number>;
    /** The seats that have chosen in this round. */
    chosen: Partial<Record<SeatIndex, true>>;
    /** The player's own choice in this round, by the player's seat. */
    yours: Partial<Record<SeatIndex, Hand>>;
  },
  Hand,
  { chose: SeatIndex } | { round: number; choices: Partial<Record<SeatIndex, Hand>>; won_by: SeatIndex[] },
  never
>;

/** `go-fish@1`: players ask each other for ranks. A card is a rank and a suit: `7h`. */
export type GoFish = Mode<
  {
    /** The number of cards of each seat whose player has not left. */
    hands: Partial<Record<SeatIndex, number>>;
    /** The number of cards that are not dealt. */
    pool: number;
    /** The seat that has the book of a rank. */
    books: Record<string, SeatIndex>;
    turn: SeatIndex;
    /** The end of the turn, by the server's clock. */
    until: number;
    /** The player's own cards. */
    yours: Record<string, true>;
  },
  /** Asks a seat for all its cards of a rank, one of `A23456789TJQK`. */
  { of: SeatIndex; rank: string },
  { by: SeatIndex; of: SeatIndex; rank: string; got: number } | { missed: SeatIndex },
  /** The card that the player drew; none if there was none. */
  { drew: string[] }
>;

/** `arena@1`: players run over a grid in real time, and collect coins. */
export type Arena = Mode<
  {
    /** The number of squares on each side of the grid; `x` goes east and `y` south, from 0. */
    size: number;
    players: Partial<Record<SeatIndex, { x: number; y: number; coins: number }>>;
    /** The squares with a coin, as `x,y`. */
    coins: Record<string, true>;
  },
  /** The direction in which the player runs until the next move. */
  "north" | "east" | "south" | "west",
  never,
  never
>;
