// Predictions of moves: the rules of a mode in the browser, so that a move shows before the room has answered.

import type { View } from "./view.ts";
import type { Json } from "./wire.ts";

/** The refusal that the room would answer. */
export type PredictedFault = { code: string; why: string; message: string };

/** The state after a move, or the refusal of it; null where the mode cannot tell. */
export type Prediction = { state: Json } | { fault: PredictedFault } | null;

/** Foretells moves. `now` is the time by the server's clock. */
export interface Predictor {
  predict(mode: string, state: Json, seat: number, now: number, body: Json): Prediction;
}

/** The exports of the module; see `edge/predict`. */
type Exports = {
  memory: WebAssembly.Memory;
  input(bytes: number): number;
  run(): number;
  output(): number;
};

/**
 * Loads the module of the modes that Matchpoint ships: `predict.wasm`, which the edge serves beside its pages.
 *
 *     room.predict_with(await load_predictor("predict.wasm"));
 */
export async function load_predictor(source: string | URL | BufferSource): Promise<Predictor> {
  const bytes = typeof source === "string" || source instanceof URL ? await fetched(source) : source;
  const { instance } = await WebAssembly.instantiate(bytes);
  const wasm = instance.exports as unknown as Exports;
  return {
    predict(mode, state, seat, now, body) {
      const question = new TextEncoder().encode(JSON.stringify({ mode, state, seat, now, body }));
      const at = wasm.input(question.length);
      if (at === 0) return null;
      // The memory may have grown, which replaces its buffer.
      new Uint8Array(wasm.memory.buffer, at, question.length).set(question);
      const length = wasm.run();
      const answer = new Uint8Array(wasm.memory.buffer, wasm.output(), length);
      const { state: after, fault } = JSON.parse(new TextDecoder().decode(answer)) as { state?: Json; fault?: PredictedFault };
      if (fault) return { fault };
      return after === undefined ? null : { state: after };
    },
  };
}

async function fetched(url: string | URL): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response.arrayBuffer();
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
