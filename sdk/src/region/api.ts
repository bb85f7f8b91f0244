// Requests to region and edge, for the parts of the client that read and write over HTTP.

import type { CallOptions } from "../events/abort.ts";
import type { HttpRequest, Platform } from "../http/http.ts";

/** Where requests are sent: a `Matchpoint`, as the signed-in player or without a session where the interface needs none. */
export type Api = {
  readonly platform: Platform;
  /** Sends a request to the region, and reads the response. */
  region<T>(path: string, request?: HttpRequest): Promise<T>;
  /** Sends a request to the edge, and reads the response. */
  edge<T>(path: string, request?: HttpRequest): Promise<T>;
  /** Sends a request to a whole address of the region or the edge. */
  response(url: string, request?: HttpRequest): Promise<Response>;
  /** Returns the address of the region. */
  config(options?: CallOptions): Promise<{ region: string }>;
};

/** Options of a list: the `cursor` of the page before, and the number of items at most. */
export type PageOptions = CallOptions & { cursor?: string | null | undefined; limit?: number };

/** Returns a query of the given fields; those without a value are left out. */
export function query(fields: { [name: string]: string | number | null | undefined }): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return given.length === 0 ? "" : `?${given.map(([name, value]) => `${name}=${encodeURIComponent(value as string)}`).join("&")}`;
}

/** Iterates over the items of all pages. */
export async function* all<T>(page: (cursor: string | null) => Promise<{ items: T[]; cursor?: string | null }>): AsyncGenerator<T> {
  let cursor: string | null = null;
  do {
    const next: { items: T[]; cursor?: string | null } = await page(cursor);
    yield* next.items;
    cursor = next.cursor ?? null;
  } while (cursor !== null);
}
