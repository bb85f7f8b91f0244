// HTTP requests of the client: timeouts, and errors with the stable code of their problem document.

import { deadline } from "../events/abort.ts";
import { Failure } from "../failure.ts";
import type { ProblemCode, ProblemDetail } from "../wire/region.ts";

/** The functions of the platform; each that is left out is the global one at the time of its use. */
export type Platform = {
  fetch?: typeof globalThis.fetch | undefined;
  WebSocket?: (new (url: string, protocols: string[]) => WebSocket) | undefined;
};

/** A request. A `body` is sent as JSON, a `raw` body as it is. */
export type HttpRequest = {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  raw?: Blob;
  timeout_ms?: number;
  signal?: AbortSignal | undefined;
};

/** An HTTP error response, with the stable code of its problem document. */
export class HttpProblem extends Failure {
  declare readonly status: number;
  /** `unknown` where the response is not a problem document of the service, but of a proxy or a portal. */
  declare readonly code: ProblemCode | "unknown" | (string & {});
  /** Every fault of the request, each with its field and the remedy; empty where the response names none. */
  declare readonly errors: readonly ProblemDetail[];
  /** The least time until the request may succeed, where the response names one. */
  declare readonly after_ms: number | null;

  constructor(status: number, body: Partial<ProblemDetail & { errors: ProblemDetail[] }> = {}, after_ms: number | null = null) {
    const { code, detail, field } = body;
    const problem = { code: typeof code === "string" ? code : "unknown", detail: typeof detail === "string" ? detail : "" };
    const errors = Array.isArray(body.errors) ? body.errors : typeof field === "string" ? [{ ...problem, field }] : [];
    super("HttpProblem", problem.detail || `${status} ${problem.code}`, { status, code: problem.code, errors, after_ms });
  }

  /** The first field at fault, if the response names one. */
  get field(): string | null {
    return this.errors.find(({ field }) => field !== undefined)?.field ?? null;
  }
}

/** The timeout of a request. */
const TIMEOUT_MS = 10_000;

/** Sends a request with a timeout. Throws `TypeError` if the network fails. */
export async function send(platform: Platform, url: string, { method = "GET", headers, body, raw, timeout_ms, signal }: HttpRequest = {}): Promise<Response> {
  const fetch = platform.fetch ?? globalThis.fetch;
  return fetch(url, {
    method,
    headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    body: raw ?? (body === undefined ? null : JSON.stringify(body)),
    credentials: "omit",
    signal: deadline(timeout_ms ?? TIMEOUT_MS, signal),
  });
}

/** Reads a JSON response. Throws `HttpProblem` unless the response is a success. */
export async function read<T>(answer: Response): Promise<T> {
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok) return body as T;
  const after_s = Number(answer.headers.get("retry-after") ?? NaN);
  throw new HttpProblem(answer.status, Object(body), Number.isFinite(after_s) ? 1000 * after_s : null);
}

/** Returns a path with an id in it. */
export function path(before: string, id: string, after = ""): string {
  return before + encodeURIComponent(id) + after;
}

/** Returns the address of a socket at the edge. */
export function socket_url(edge: string, at: string): string {
  return edge.replace(/^http/, "ws") + at;
}
