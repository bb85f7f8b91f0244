// The error of calls whose connection is closed for good.

/** The connection is closed for good; it is unknown whether commands without a reply arrived. */
export class ConnectionClosed extends Error {
  /** The close code, such as 4005 for a player without a seat; 1000 for a connection that the application closed. */
  readonly code: number;
  /** The stable name of the reason. */
  readonly why: string;

  constructor(code: number, why: string) {
    super(`The connection is closed: ${why || code}.`);
    this.name = "ConnectionClosed";
    this.code = code;
    this.why = why;
  }
}
