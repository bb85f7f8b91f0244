// Stands in for `node:test` in a browser: runs the tests one after the other, and sends the results to the page's server.

type Run = () => unknown;

/** The result of a test; `error` is that of one that failed. */
type Outcome = { name: string; error: string | null };

const tests: [name: string, run: Run][] = [];
const after: Run[] = [];

/** Registers a test. */
export function test(name: string, run: Run): void {
  tests.push([name, run]);
}

/** Registers a function that runs after each test. */
export function afterEach(run: Run): void {
  after.push(run);
}

async function run_all(): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const [name, run] of tests) {
    try {
      await run();
      outcomes.push({ name, error: null });
    } catch (error) {
      outcomes.push({ name, error: error instanceof Error ? String(error.stack) : String(error) });
    }
    for (const clean of after) await clean();
  }
  await fetch("/results", { method: "POST", body: JSON.stringify(outcomes) });
}

// The modules of all tests are evaluated before the timer rings.
setTimeout(() => void run_all());
