// HTTP requests of the client: timeouts, and errors with the stable code of their problem document.

/** An HTTP error response, with the stable code of its problem document. */
export class HttpProblem extends Error {
  readonly status: number;
  /** `unknown` where the response is not a problem document of the service, but of a proxy or a portal. */
  readonly code: string;
  /** The field of the request that was wrong, if the response names one. */
  readonly field: string | null;
  constructor(status: number, code: string, field: string | null) {
    super(`${status} ${code}`);
    this.name = "HttpProblem";
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** The timeout of a request. */
const TIMEOUT_MS = 10_000;

/** Sends a request with a timeout. Throws `TypeError` if the network fails. */
export async function request(url: string, init: RequestInit = {}, timeout_ms = TIMEOUT_MS): Promise<Response> {
  return fetch(url, { ...init, credentials: "omit", signal: AbortSignal.timeout(timeout_ms) });
}

/** Sends a POST request with a JSON body, and reads the response. */
export async function post<T>(url: string, body: unknown, timeout_ms = TIMEOUT_MS, more: Record<string, string> = {}): Promise<T> {
  const headers = { "content-type": "application/json", ...more };
  return read<T>(await request(url, { method: "POST", headers, body: JSON.stringify(body) }, timeout_ms));
}

/** Reads a JSON response. Throws `HttpProblem` unless the response is a success. */
export async function read<T>(answer: Response): Promise<T> {
  const body: unknown = await answer.json().catch(() => null);
  if (answer.ok) return body as T;
  const { code, field } = (body ?? {}) as { code?: unknown; field?: unknown };
  throw new HttpProblem(answer.status, typeof code === "string" ? code : "unknown", typeof field === "string" ? field : null);
}
