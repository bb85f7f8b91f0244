//! Runs the Worker locally in Miniflare, configured by `wrangler.toml`, on one data directory and one port.

import { subscribe } from "node:diagnostics_channel";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { basename, dirname, join } from "node:path";
import { Log, LogLevel, Miniflare, type MiniflareOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions as workerOptions, unstable_readConfig as readConfig } from "wrangler";

/** The first line from the parent. It carries the secrets, which are never on a command line. */
export interface Start {
  /** Path of `wrangler.toml`, the only list of bindings. */
  config: string;
  /** Directory of the objects' databases. */
  data: string;
  port: number;
  /** Values for the names that `wrangler.toml` declares: variables to override, and its secrets. */
  values: Record<string, string>;
}

/** The fate of an evicted object's sockets: they sleep, as in hibernation, or close, as in a deploy. */
export type WebSockets = "hibernate" | "close";

export interface Died {
  code: number | null;
  signal: string | null;
}

export class Edge {
  #start: Start;
  #name = "";
  #miniflare: Miniflare | undefined;
  #workerd: ChildProcess | undefined;
  /** True while this class ends workerd itself, in a reload or a stop. */
  #ending = false;
  url = "";

  constructor(start: Start, died: (died: Died) => void) {
    this.#start = start;
    // Miniflare restarts a workerd that died; a test must see the gap, and a developer the reason. This
    // listener is the first on the process, so the parent hears of the death before anything restarts.
    subscribe("child_process", (message) => {
      const { process: child } = message as { process: ChildProcess };
      child.once("spawn", () => {
        if (!basename(child.spawnfile).startsWith("workerd")) return;
        this.#workerd = child;
        child.once("exit", (code, signal) => {
          if (!this.#ending) died({ code, signal });
        });
      });
    });
    process.on("exit", () => {
      this.#ending = true;
      this.#workerd?.kill("SIGKILL");
    });
  }

  get pid(): number | undefined {
    return this.#workerd?.pid;
  }

  async start(): Promise<void> {
    this.#miniflare = new Miniflare(this.#options());
    this.url = (await this.#miniflare.ready).origin;
  }

  /** Reads the build and the pages again. Objects lose their memory and their sockets, not their data. */
  async reload(): Promise<void> {
    this.#ending = true;
    try {
      await this.#running().setOptions(this.#options());
      this.url = (await this.#running().ready).origin;
    } finally {
      this.#ending = false;
    }
  }

  async evict(className: string, name: string, webSockets: WebSockets): Promise<void> {
    await this.#running().unsafeEvictDurableObject(this.#name, className, { name, webSockets });
  }

  async stop(): Promise<void> {
    this.#ending = true;
    await this.#miniflare?.dispose();
  }

  #running(): Miniflare {
    if (!this.#miniflare) throw new Error("the Worker has not been started");
    return this.#miniflare;
  }

  #options(): MiniflareOptions {
    const { data, port, values } = this.#start;
    // Errors still throw; hints about newer keys matter at a deploy only.
    const config = readConfig({ config: this.#start.config }, { hideWarnings: true });
    const { workerOptions: options, main, externalWorkers } = workerOptions(config);
    if (!main || !config.name) throw new Error(`${this.#start.config} lacks \`name\` or \`main\``);
    this.#name = config.name;
    const build = dirname(main);
    const module = (type: "ESModule" | "CompiledWasm", name: string) => ({
      type,
      path: join(build, name),
      contents: readFileSync(join(build, name)),
    });
    const { modulesRules: _rules, ...rest } = options;
    return {
      host: "127.0.0.1",
      port,
      log: new Log(LogLevel.WARN),
      logRequests: false,
      cf: false,
      handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
        // The protocol of main.ts uses this process's stdout, so both of workerd's streams go to stderr.
        stdout.pipe(process.stderr, { end: false });
        stderr.pipe(process.stderr, { end: false });
      },
      defaultPersistRoot: data,
      durableObjectsPersist: join(data, "objects"),
      cachePersist: join(data, "cache"),
      workers: [
        {
          ...rest,
          name: this.#name,
          modulesRoot: build,
          modules: [module("ESModule", basename(main)), module("CompiledWasm", "index_bg.wasm")],
          bindings: { ...rest.bindings, ...overrides(rest.bindings, values) },
        },
        ...externalWorkers,
      ],
    };
  }
}

/** Returns the overriding values. A variable that `wrangler.toml` declares as a table is overridden by JSON. */
function overrides(declared: Record<string, unknown> = {}, values: Record<string, string>): Record<string, unknown> {
  const entries = Object.entries(values).map(([name, value]) => {
    const is_table = typeof declared[name] === "object" && declared[name] !== null;
    return [name, is_table ? JSON.parse(value) : value];
  });
  return Object.fromEntries(entries);
}
