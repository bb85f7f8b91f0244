// The form of the errors that the client throws: a name, a text, and fields that say what happened.

/** An error with fields of its own. */
export class Failure extends Error {
  constructor(name: string, message: string, fields: object) {
    super(message);
    Object.assign(this, fields, { name });
  }
}
