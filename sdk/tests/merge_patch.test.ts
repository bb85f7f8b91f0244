// Tests of merge patches: the cases of RFC 7396, keys that name parts of a prototype, and sharing.

import { deepEqual, equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import { merge_patch } from "../src/wire/merge_patch.ts";
import type { Json } from "../src/wire/wire.ts";

const json = (text: string) => JSON.parse(text) as Json;

/** The cases of RFC 7396, appendix A: target, patch, result. */
const CASES: [string, string, string][] = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', "{}"],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '["c","d"]', '["c","d"]'],
  ['{"a":"b"}', '["c"]', '["c"]'],
  ['{"a":"foo"}', "null", "null"],
  ['{"a":"foo"}', '"bar"', '"bar"'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
  ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
];

test("the cases of the RFC hold, and change neither target nor patch", () => {
  for (const [target, patch, result] of CASES) {
    const [before, change] = [json(target), json(patch)];
    deepEqual(merge_patch(before, change), json(result), `${target} with ${patch}`);
    deepEqual([before, change], [json(target), json(patch)]);
  }
});

test("a key that names a part of a prototype is a plain key", () => {
  const evil = json('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
  const merged = merge_patch(json('{"a":1}'), evil) as Record<string, Json>;
  equal(({} as Record<string, unknown>).polluted, undefined);
  equal(merged.polluted, undefined);
  equal(Object.getPrototypeOf(merged), Object.prototype);
  deepEqual(Object.keys(merged), ["a", "__proto__", "constructor"]);
  equal(JSON.stringify(merge_patch(merged, json('{"__proto__":{"more":1}}'))), JSON.stringify({
    a: 1,
    ["__proto__"]: { polluted: true, more: 1 },
    constructor: { prototype: { polluted: true } },
  }));
  deepEqual(Object.keys(merge_patch(merged, json('{"__proto__":null}')) as object), ["a", "constructor"]);
  // An inherited name is no part of the target.
  deepEqual(merge_patch({}, json('{"toString":{"a":1}}')), json('{"toString":{"a":1}}'));
});

test("an unchanged part is shared, and a changed one is new", () => {
  const before = { board: { d1: 0 }, clock: { began: 5 } };
  const after = merge_patch(before, { board: { d2: 1 } }) as typeof before;
  equal(after.clock, before.clock);
  notEqual(after.board, before.board);
});
