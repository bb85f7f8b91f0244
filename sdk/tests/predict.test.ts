// Tests of predictions: a move shows at once, and goes away if the room refuses it.

import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { last, settle } from "./fake.ts";
import { enter } from "./fake_room.ts";
import type { Predictor } from "../src/room/predictions.ts";
import type { Room } from "../src/room/room.ts";
import type { Json } from "../src/wire/wire.ts";

const seats = ["p_1", "p_2"];
const started = { at: 1, ev: "started", ts: 0, body: { mode: "count@1", seats }, state: { count: 0 } };

/** Foretells a count that a move adds to; a count beyond 9 is refused. */
const predictor: Predictor = {
  predict(_mode, state, _seat, _now, body) {
    const count = (state as { count: number }).count + (body as { add: number }).add;
    return count > 9 ? { fault: { code: "illegal", why: "too_many", message: "" } } : { state: { count } };
  },
};

async function play(): Promise<Room> {
  const room = await enter();
  last().tell(started);
  room.predict_with(predictor);
  return room;
}

const count = (room: Room): Json => (room.state.get() as { count: number }).count;
const sent = (): { id: number } => last().received.at(-1) as unknown as { id: number };

test("a move shows at once, and once", async () => {
  const room = await play();
  const move = room.move({ add: 2 });
  equal(count(room), 2);
  await settle();
  last().tell({ at: 2, ev: "moved", by: "p_1", ts: 0, state: { count: 2 } });
  equal(count(room), 2);
  last().tell({ id: sent().id, ok: { at: 2 } });
  equal((await move).at, 2);
  equal(count(room), 2);
});

test("a refused move is taken back", async () => {
  const room = await play();
  const move = room.move({ add: 2 });
  await settle();
  equal(count(room), 2);
  last().tell({ id: sent().id, err: { code: "not_your_turn", retry: false, why: "not_your_turn" } });
  await rejects(move);
  equal(count(room), 0);
});

test("moves on their way are on top of what others do", async () => {
  const room = await play();
  void room.move({ add: 2 });
  await settle();
  last().tell({ at: 2, ev: "moved", by: "p_2", ts: 0, state: { count: 5 } });
  equal(count(room), 7);
  last().tell({ at: 3, ev: "moved", by: "p_2", ts: 0, state: { count: 8 } });
  deepEqual(count(room), 8, "a move that the rules refuse by now shows nothing");
});
