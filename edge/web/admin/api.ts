// The requests of the console: the public HTTP interfaces of edge and region, with the operator's access token.

import { HttpProblem, SessionLost } from "@matchpoint/client";
import type { Matchpoint, Session } from "@matchpoint/client";

/** The permissions of an operator. */
export type Scope = "rooms" | "queues" | "players" | "moderation" | "inspect_hidden";
/** A page of a list, as both interfaces return it, with the items under the name of the list. */
export type Page<K extends string, T> = { [name in K]: T[] } & { cursor?: string | null };

/** The signed-in operator, with the requests that the console sends. */
export class Operator {
  readonly #matchpoint: Matchpoint;
  readonly session: Session;
  readonly scopes: ReadonlySet<string>;

  private constructor(matchpoint: Matchpoint, session: Session, scopes: ReadonlySet<string>) {
    this.#matchpoint = matchpoint;
    this.session = session;
    this.scopes = scopes;
  }

  /** Reads the scopes of a session from a new token: they may have changed since the last one. */
  static async of(matchpoint: Matchpoint, session: Session): Promise<Operator> {
    let token = await session.token();
    if (scopes_of(token).size === 0) token = await session.renew().catch(() => token);
    return new Operator(matchpoint, session, scopes_of(token));
  }

  get matchpoint(): Matchpoint {
    return this.#matchpoint;
  }

  has(scope: Scope): boolean {
    return this.scopes.has(scope);
  }

  /** Reads from the region. */
  region<T>(path: string, signal: AbortSignal): Promise<T> {
    return this.#matchpoint.region<T>(path, { signal });
  }

  /** Reads from the edge. */
  edge<T>(path: string, signal?: AbortSignal, reason = ""): Promise<T> {
    return this.#matchpoint.edge<T>(path, { headers: with_reason(reason), signal });
  }

  /** Changes something through the edge or the region, with the reason for the audit trail. */
  async act<T = null>(tier: "edge" | "region", method: string, path: string, reason: string, body?: unknown): Promise<T> {
    const headers = { ...with_reason(reason), "idempotency-key": crypto.randomUUID() };
    return this.#matchpoint[tier]<T>(path, { method, headers, body });
  }

  /** Reads a text from the edge. */
  async text(path: string, signal: AbortSignal): Promise<string> {
    const answer = await this.#matchpoint.response(this.#matchpoint.url + path, { signal });
    if (!answer.ok) throw new HttpProblem(answer.status, (await answer.json().catch(() => ({}))) as object);
    return answer.text();
  }
}

/** Returns the header with a reason; header values are ASCII, so it is percent-encoded. */
function with_reason(reason: string): Record<string, string> {
  return reason === "" ? {} : { "audit-reason": encodeURIComponent(reason) };
}

/** Returns the scopes that a token states; the servers verify them. */
function scopes_of(token: string): ReadonlySet<string> {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const { scp = "" } = JSON.parse(atob(payload)) as { scp?: string };
    return new Set(scp.split(" ").filter(Boolean));
  } catch {
    return new Set();
  }
}

/** Returns a path with an id in it. */
export function path(before: string, id: string, after = ""): string {
  return before + encodeURIComponent(id) + after;
}

/** Returns an error as a sentence with the remedy. */
export function problem(error: unknown): string {
  if (error instanceof SessionLost) return "Your session has ended. Sign in again.";
  if (error instanceof HttpProblem) {
    if (error.code === "scope_missing") return `You lack the scope for this. ${error.message}`;
    if (error.status === 429) return "Too many requests. Wait a few seconds, then try again.";
    return error.status >= 500 ? `The service has a problem (${error.status} ${error.code}). Try again.` : error.message;
  }
  if (error instanceof Error && !(error instanceof TypeError) && error.name === "Error") return error.message;
  return "The service cannot be reached. Check the connection, then try again.";
}

/** True if an error says that something does not exist. */
export function is_missing(error: unknown): boolean {
  return error instanceof HttpProblem && error.status === 404;
}
