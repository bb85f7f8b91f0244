//! Runs the Worker in workerd and executes its parent's commands, one JSON line at a time.
//!
//! The first line on stdin is the `Start`; every later one is a `Command`. Answers go to stdout, logs to
//! stderr. When stdin closes, whatever the reason, this process ends and takes workerd with it.

import { createInterface } from "node:readline";
import { Edge, type Start, type WebSockets } from "./edge.ts";

type Command =
  | { id: number; cmd: "evict"; class: string; name: string; webSockets: WebSockets }
  | { id: number; cmd: "reload" }
  | { id: number; cmd: "stop" };

// stdout carries the protocol only; libraries that log go to stderr.
console.log = console.info = console.debug = console.error;

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function obey(edge: Edge, command: Command): Promise<void> {
  const { id } = command;
  switch (command.cmd) {
    case "evict": {
      const { class: className, name, webSockets } = command;
      // workerd waits until the object is idle; other commands need not.
      edge.evict(className, name, webSockets).then(
        () => say({ id, evicted: { class: className, name, webSockets } }),
        (error) => say({ id, error: reason(error) }),
      );
      return;
    }
    case "reload":
      await edge.reload();
      say({ id, reloaded: { url: edge.url, workerd_pid: edge.pid } });
      return;
    case "stop":
      await edge.stop();
      say({ id, stopped: {} });
      process.exit(0);
  }
}

/** Executes one line. An invalid line gets an error answer: only the parent decides when the Worker stops. */
async function answer(edge: Edge, line: string): Promise<void> {
  let id: number | undefined;
  try {
    const command = JSON.parse(line) as Command;
    id = command.id;
    await obey(edge, command);
  } catch (error) {
    say({ id, error: reason(error) });
  }
}

// The parent may end before its last answer is written.
process.stdout.on("error", () => process.exit(1));

const lines = createInterface({ input: process.stdin });
// Lines may arrive before the loop below runs, and must not be lost.
const queue: string[] = [];
let wake = () => {};
lines.on("line", (line) => {
  queue.push(line);
  wake();
});
let edge: Edge | undefined;
// An exit kills workerd even in the middle of a start (see edge.ts); a stop also waits until it is gone.
lines.on("close", () => {
  setTimeout(() => process.exit(0), 2000);
  void Promise.resolve(edge?.stop()).finally(() => process.exit(0));
});

async function next(): Promise<string> {
  for (;;) {
    const line = queue.shift();
    if (line !== undefined) return line;
    await new Promise<void>((resolve) => (wake = resolve));
  }
}

try {
  edge = new Edge(JSON.parse(await next()) as Start, (died) => {
    say({ died });
    process.exit(1);
  });
  await edge.start();
  say({ ready: { url: edge.url, workerd_pid: edge.pid } });
  for (;;) await answer(edge, await next());
} catch (error) {
  say({ error: reason(error) });
  process.exit(1);
}
