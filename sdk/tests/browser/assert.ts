// Stands in for `node:assert/strict` in a browser, as far as the live tests use it.

function text(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

/** Fails unless both are the same value. */
export function equal(actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) throw new Error(`${text(actual)} is not ${text(expected)}`);
}

function is_deep_equal(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [left, right] = [Object.entries(one), other as Record<string, unknown>];
  return left.length === Object.keys(other).length && left.every(([key, value]) => Object.hasOwn(other, key) && is_deep_equal(value, right[key]));
}

/** Fails unless both have the same content. */
export function deepEqual(actual: unknown, expected: unknown): void {
  if (!is_deep_equal(actual, expected)) throw new Error(`${text(actual)} is not like ${text(expected)}`);
}

type Expected = RegExp | ((error: unknown) => boolean) | (abstract new (...args: never[]) => Error);

function is_expected(error: unknown, expected: Expected): boolean {
  if (expected instanceof RegExp) return expected.test(String(error));
  if (typeof expected.prototype === "object" && expected.prototype instanceof Error) return error instanceof expected;
  return (expected as (error: unknown) => boolean)(error);
}

/** Fails unless a promise rejects with the expected error. */
export async function rejects(promise: Promise<unknown>, expected: Expected): Promise<void> {
  const outcome = await promise.then(
    () => null,
    (error: unknown) => ({ error }),
  );
  if (outcome === null) throw new Error("it does not reject");
  if (!is_expected(outcome.error, expected)) throw new Error(`it rejects with ${String(outcome.error)}`);
}
