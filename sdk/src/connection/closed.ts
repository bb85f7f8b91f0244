// The error of calls whose connection is closed for good.

import { Failure } from "../failure.ts";
import { SessionLost } from "../session/tokens.ts";
import type { Stopped } from "./socket.ts";

/** The connection is closed for good; it is unknown whether commands without a reply arrived. */
export class ConnectionClosed extends Failure {
  /** The close code, such as 4005 for a player without a seat; 1000 for a connection that the application closed. */
  declare readonly code: number;
  /** The stable name of the reason. */
  declare readonly why: string;

  constructor(code: number, why: string) {
    super("ConnectionClosed", `The connection is closed: ${why || code}.`, { code, why });
  }
}

/** Returns the error of a call that needs a connection which has stopped. */
export function closed_error({ code, why, log_in }: Stopped): ConnectionClosed | SessionLost {
  return log_in ? new SessionLost(why) : new ConnectionClosed(code, why);
}
