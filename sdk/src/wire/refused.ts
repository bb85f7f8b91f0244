// The error of a refused command.

import { Failure } from "../failure.ts";
import type { Refusal, RefusalCode } from "./wire.ts";

/** A command was refused. Unless `retry` is true, the same command would be refused again. */
export class Refused extends Failure implements Refusal {
  /** The stable reason. */
  declare readonly code: RefusalCode;
  /** True if the same command may succeed later, after `after_ms`. */
  declare readonly retry: boolean;
  declare readonly after_ms?: number;
  /** The invalid field of the command. */
  declare readonly field?: string;
  /** The mode's own word for the rule that a move broke, such as `column_full`. */
  declare readonly why?: string;
  /** With `conflict`: the position of the newer write, or of the newer move. */
  declare readonly at?: number;
  /** With `in_match`: the room of the match. */
  declare readonly room?: string;

  constructor(refusal: Refusal) {
    // The message of the server says the limit and the remedy.
    super("Refused", refusal.code, refusal);
  }
}
