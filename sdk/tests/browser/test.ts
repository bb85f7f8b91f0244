// Stands in for `node:test` in a browser: runs the tests one after the other, and writes each with its result into the page.

type Run = () => unknown;

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
  const list = document.body.appendChild(document.createElement("ol"));
  for (const [name, run] of tests) {
    const line = list.appendChild(document.createElement("li"));
    try {
      await run();
      line.className = "passed";
      line.textContent = name;
    } catch (error) {
      line.className = "failed";
      line.textContent = `${name}: ${error instanceof Error ? error.stack : String(error)}`;
    }
    for (const clean of after) await clean();
  }
  document.body.dataset.state = "done";
}

// The modules of all tests are evaluated before the timer rings.
setTimeout(() => void run_all());
