// The attributes of a player in a queue, and the conditions on those of the others.

import type { Relax } from "../wire/wire.ts";

/** A value of an attribute. */
export type AttrValue = number | boolean | string | readonly string[];

/** The attributes of a pool's players, by name. */
export type Attrs = { [name: string]: AttrValue };

/** The attributes that the service sets itself: wants may name them. */
export type ServiceAttrs = { rating: number; tier: string };

/** A condition on an attribute whose values are `V`. */
export type Condition<V> =
  | { is: V }
  | { any_of: readonly V[] }
  | (V extends number ? { between: readonly [number, number] } : never)
  /** At most this far from the player's own number. */
  | (V extends number ? { within: number } : never)
  /** Has an item in common with the player's own list. */
  | (V extends readonly string[] ? { shares: true } : never);

/** A requirement on the other players. `relax` drops it after a while, or widens `within`. */
export type Want<A extends Attrs = Attrs> = {
  [K in keyof (A & ServiceAttrs) & string]: { attr: K; relax?: Relax } & Condition<(A & ServiceAttrs)[K]>;
}[keyof (A & ServiceAttrs) & string];

/** The player's attributes, and what they want of the other players. `A` are the attributes of the pool. */
export type Criteria<A extends Attrs = Attrs> = { attrs?: Partial<A>; wants?: readonly Want<A>[] };
