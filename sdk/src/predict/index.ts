// The predictor of the modes that Matchpoint ships: their rules as WebAssembly.

import type { PredictedFault, Predictor } from "../room/predictions.ts";
import type { Json } from "../wire/wire.ts";

export type { PredictedFault, Prediction, Predictor } from "../room/predictions.ts";

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
