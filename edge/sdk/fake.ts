// Test doubles for connections: a fake WebSocket, a fake region, and a clock that the test advances.

import { beforeEach, mock } from "node:test";
import type { Json } from "./wire.ts";

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

export const settle = () => new Promise<void>((rung) => setImmediate(rung));
export const last = () => connections[connections.length - 1] as FakeSocket;

/** The number of session renewals. */
export let refreshed = 0;
Object.assign(globalThis, {
  WebSocket: FakeSocket,
  fetch: async (url: string) => {
    const renewed = url.endsWith("/refresh") ? ++refreshed : 0;
    const grant = { player: "p_1", sid: "s", access_token: `t${renewed}`, expires_in: 600, refresh_token: "s.r" };
    return new Response(JSON.stringify(grant), { status: 201 });
  },
});

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  mock.method(Math, "random", () => 0.5);
  connections = [];
  refreshed = 0;
});

export async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms);
  await settle();
}
