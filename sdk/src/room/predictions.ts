// Predictions of moves: a move shows before the room has answered, by the rules that a predictor knows.

import type { View } from "./view.ts";
import type { Json } from "../wire/wire.ts";

/** The refusal that the room would answer. */
export type PredictedFault = { code: string; why: string; message: string };

/** The state after a move, or the refusal of it; null where the mode cannot tell. */
export type Prediction = { state: Json } | { fault: PredictedFault } | null;

/** Foretells moves. `now` is the time by the server's clock. */
export interface Predictor {
  predict(mode: string, state: Json, seat: number, now: number, body: Json): Prediction;
}

/** The moves of a player that the room has not answered yet, on top of the state that it has told. */
export class Predictions {
  #predictor: Predictor | null = null;
  #moves = new Map<string, Json>();

  use(predictor: Predictor | null): void {
    this.#predictor = predictor;
  }

  sent(key: string, body: Json): void {
    if (this.#predictor !== null) this.#moves.set(key, body);
  }

  /** Notes that a move is answered: the state that the room tells contains it, or never will. */
  answered(key: string): void {
    this.#moves.delete(key);
  }

  /** Notes an event of a move of this player: the first one that is on its way, because moves keep their order. */
  made(): void {
    const [first] = this.#moves.keys();
    if (first !== undefined) this.#moves.delete(first);
  }

  /** Returns the state with the moves that are on their way. One that the rules refuse now changes nothing. */
  state(view: View, now: number): Json | null {
    const seat = view.seats.indexOf(view.you);
    let state = view.state;
    if (this.#predictor === null || state === null || view.mode === null || seat < 0) return state;
    for (const body of this.#moves.values()) {
      const prediction = this.#predictor.predict(view.mode, state, seat, now, body);
      if (prediction !== null && "state" in prediction) state = prediction.state;
    }
    return state;
  }
}
