// Tests that the client keeps to the rate limit: nothing is refused, and commands stay in order.

import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { last, pass, settle } from "./fake.ts";
import { enter } from "./fake_room.ts";
import { Pace } from "../src/connection/pace.ts";

const LIMITS = { per_s: 20, burst: 40 };

/** The server's bucket, as `shared/src/resilience/token_bucket.rs` counts it. */
class Bucket {
  left = LIMITS.burst;
  since = 0;
  take(now: number): boolean {
    this.left = Math.min(LIMITS.burst, this.left + ((now - this.since) * LIMITS.per_s) / 1000);
    this.since = now;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}

/** A generator of numbers in [0, 1). */
function chance(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

test("whatever the delays, no message within the pace is refused", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = chance(seed);
    const pace = new Pace();
    const bucket = new Bucket();
    pace.start(LIMITS, 0);
    // Messages on their way to the server, and replies on their way back, each in order.
    let up: { id: number | null; at: number }[] = [];
    let down: { id: number; at: number }[] = [];
    let accepted = 0;
    const delay = random() * 1_500;
    for (let now = 0, id = 0, arrives = 0, returns = 0; now < 20_000; now += 10) {
      for (; up[0] && up[0].at <= now; up = up.slice(1)) {
        equal(bucket.take(now), true, `seed ${seed}: message ${up[0].id} was refused at ${now} ms`);
        accepted += 1;
        returns = Math.max(returns, now + random() * delay);
        if (up[0].id !== null) down.push({ id: up[0].id, at: returns });
      }
      for (; down[0] && down[0].at <= now; down = down.slice(1)) pace.answered(down[0].id, now);
      if (random() < 0.3) continue;
      for (let free = pace.available(now); free > 0; free -= 1) {
        arrives = Math.max(arrives, now + random() * delay);
        // A message without an id takes less than the time after which it counts as received.
        const named = random() < 0.9;
        up.push({ id: named ? (id += 1) : null, at: arrives });
        pace.sent(named ? id : null, now);
      }
    }
    equal(accepted > 200, true, `seed ${seed}: only ${accepted} messages arrived in 20 s`);
  }
});

/** Answers what arrived since the last call as the server would, and returns how much that was. */
function serve(bucket: Bucket, order: unknown[]): number {
  const refused: unknown[] = [];
  const socket = last();
  const fresh = socket.received.splice(0);
  for (const { id, body } of fresh) {
    if (bucket.take(performance.now())) {
      order.push(body);
      socket.tell({ id, ok: { at: order.length } });
    } else refused.push(body);
  }
  deepEqual(refused, []);
  return fresh.length;
}

test("200 messages at once all arrive, in order", async () => {
  const room = await enter();
  const bucket = new Bucket();
  const order: unknown[] = [];
  const answers = Promise.all(Array.from({ length: 200 }, (_, n) => room.say(n)));
  await settle();
  equal(serve(bucket, order), 40);
  for (let step = 0; step < 200; step += 1) {
    await pass(50);
    serve(bucket, order);
  }
  await answers;
  deepEqual(order, Array.from({ length: 200 }, (_, n) => n));
});

test("a refusal for the rate delays all messages, and reorders none", async () => {
  const room = await enter();
  void room.say("one");
  await settle();
  const [{ id, key } = {}] = last().received.splice(0);
  void room.say("two");
  last().tell({ id, err: { code: "too_fast", retry: true, after_ms: 800 } });
  await settle();
  void room.say("three");
  await pass(799);
  const early = last().received.splice(0).map(({ body }) => body);
  await pass(200);
  await settle();
  const late = last().received.splice(0);
  // Messages that were on their way before the refusal cannot be called back.
  deepEqual([early, late.map(({ body }) => body)], [[], ["one", "two", "three"]]);
  equal(late[0]?.key, key);
});

test("hints leave half of the burst to commands, and only the newest waits", async () => {
  const room = await enter();
  for (let n = 0; n < 100; n += 1) room.hint({ x: n });
  room.hint({ x: -1 }, "p_2");
  const hints = last().received.splice(0).map(({ body }) => body);
  deepEqual(hints, Array.from({ length: 20 }, (_, x) => ({ x })));
  void room.say("now");
  await settle();
  deepEqual(last().received.splice(0).map(({ op }) => op), ["say"]);
  last().tell({ id: 1, ok: { at: 1 } });
  await pass(1_000);
  const waited = last().received.splice(0).map(({ body, to }) => [body, to]);
  deepEqual(waited, [[{ x: 99 }, undefined], [{ x: -1 }, "p_2"]]);
});
