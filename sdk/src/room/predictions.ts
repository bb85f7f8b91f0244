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
  /** The last result, and the view that it belongs to; `null` where the moves have changed since. */
  #known: { view: View; state: Json | null } | null = null;

  use(predictor: Predictor | null): void {
    this.#predictor = predictor;
    this.#known = null;
  }

  sent(key: string, body: Json): void {
    if (this.#predictor === null) return;
    this.#moves.set(key, body);
    this.#known = null;
  }

  /** Notes that a move is answered: the state that the room tells contains it, or never will. */
  answered(key: string): void {
    if (this.#moves.delete(key)) this.#known = null;
  }

  /** Notes an event of a move of this player: the first one that is on its way, because moves keep their order. */
  made(): void {
    const [first] = this.#moves.keys();
    if (first !== undefined) this.answered(first);
  }

  /**
   * Returns the state with the moves that are on their way. One that the rules refuse now changes nothing. The result is the same
   * reference until the view or the moves change.
   */
  state(view: View, now: number): Json | null {
    if (this.#known?.view !== view) this.#known = { view, state: this.#predicted(view, now) };
    return this.#known.state;
  }

  #predicted(view: View, now: number): Json | null {
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
