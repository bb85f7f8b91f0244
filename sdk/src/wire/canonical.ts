// JSON in one form, to compare values of which the server may have sorted the names.

/** Returns the JSON of a value with the names of its objects sorted. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (Object.prototype.toString.call(part) === "[object Object]" ? Object.fromEntries(Object.entries(part as object).sort()) : part));
}
