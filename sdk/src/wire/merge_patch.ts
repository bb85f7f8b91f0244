// Merge patches, by RFC 7396: the change of a player's view of a match.

import type { Json } from "./wire.ts";

/**
 * Returns the target with a patch applied. Neither is changed: unchanged parts are shared with the target. A key is a
 * plain key whatever its name, so that `__proto__` changes no prototype.
 */
export function merge_patch(target: Json | undefined, patch: Json): Json {
  if (!is_object(patch)) return patch;
  const merged = new Map(is_object(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, merge_patch(merged.get(key), value));
  }
  // Defines each key, and does not assign it.
  return Object.fromEntries(merged);
}

function is_object(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
