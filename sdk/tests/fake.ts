// Test doubles for connections: a fake WebSocket, a fake region, and a clock that the test advances.

import { beforeEach, mock } from "node:test";
import type { Json } from "../src/wire/wire.ts";

/** The server's end of each connection, newest last. */
export let connections: FakeSocket[] = [];

export class FakeSocket {
  static readonly OPEN = 1;
  readyState = 0;
  received: Record<string, Json>[] = [];
  pings = 0;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly url: string;
  readonly token: string;
  constructor(url: string, [, bearer = ""]: string[]) {
    this.url = url;
    this.token = bearer;
    connections.push(this);
  }
  send(frame: string): void {
    if (frame === "ping") this.pings += 1;
    else this.received.push(...[JSON.parse(frame)].flat());
  }
  close(): void {
    this.readyState = 3;
  }
  tell(...messages: object[]): void {
    this.onmessage?.({ data: JSON.stringify(messages) });
  }
  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
  welcome(more: object = {}): void {
    this.readyState = 1;
    const heartbeat = { every_ms: 25_000, grace_ms: 10_000 };
    const limits = { frame_bytes: 16_384, per_s: 20, burst: 40, batch: 64 };
    this.tell({ ev: "welcome", epoch: "e1", at: 0, recovered: true, you: "p_1", now: 0, durable: 0, heartbeat, limits, ...more });
  }
}

export const last = () => connections[connections.length - 1] as FakeSocket;

/** Lets all promises and handlers that are due run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((rung) => setImmediate(rung));
}

/** The refresh tokens of all renewals, in order. */
export let refreshed: string[] = [];
/** The answer of the region to a renewal; a test replaces it to lose or refuse one. */
export let on_refresh: (refresh_token: string, key: string) => Promise<Response>;

/** Replaces the region's answer to renewals for the rest of a test. */
export function answer_refresh(answer: (refresh_token: string, key: string) => Promise<Response>): void {
  on_refresh = answer;
}

/** The region's tokens after the given number of renewals. */
export function grant(renewals: number): Response {
  const body = { player: "p_1", sid: "s_1", access_token: `t${renewals}`, expires_in: 600, refresh_token: `r${renewals}` };
  return new Response(JSON.stringify(body), { status: 201 });
}

export function problem(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status });
}

let jump_ms = 0;

/** Sets the device's clock forward or back, as a person would; no timer notices. */
export function set_clock(by_ms: number): void {
  jump_ms += by_ms;
}

/** Listeners of the page, by event. */
let listeners = new Map<string, Set<() => void>>();

/** Has an event happen to the page: `online`, `offline`, `visibilitychange`. */
export async function happen(event: string): Promise<void> {
  for (const listener of [...(listeners.get(event) ?? [])]) listener();
  await settle();
}

/** Returns the number of listeners that the page has. */
export const listening = () => [...listeners.values()].reduce((sum, { size }) => sum + size, 0);

/** The page's document; `null` outside of a browser. */
export function show_page(visibilityState: "visible" | "hidden" | null): void {
  const page = visibilityState && { visibilityState, ...events };
  Object.defineProperty(globalThis, "document", { value: page ?? undefined, configurable: true });
}

const events = {
  addEventListener: (event: string, listener: () => void) =>
    void listeners.set(event, (listeners.get(event) ?? new Set()).add(listener)),
  removeEventListener: (event: string, listener: () => void) => void listeners.get(event)?.delete(listener),
};

Object.assign(globalThis, {
  ...events,
  WebSocket: FakeSocket,
  fetch: async (url: string, init?: { body?: string; headers?: Record<string, string> }) => {
    if (!url.endsWith("/refresh")) return grant(0);
    const { refresh_token } = JSON.parse(init?.body ?? "{}") as { refresh_token: string };
    refreshed.push(refresh_token);
    return on_refresh(refresh_token, init?.headers?.["idempotency-key"] ?? "");
  },
});
// The renewals of one page are serialized without the browser's locks, which need real time.
Object.defineProperty(navigator, "locks", { value: undefined, configurable: true });

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  jump_ms = 0;
  const elapsed = Date.now;
  Date.now = () => elapsed() + jump_ms;
  mock.method(performance, "now", () => elapsed());
  mock.method(Math, "random", () => 0.5);
  connections = [];
  refreshed = [];
  listeners = new Map();
  show_page(null);
  on_refresh = async () => grant(refreshed.length);
});

export async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms);
  await settle();
}
