// The OpenAPI documents of edge and region, as the explorer reads them.

import type { Operator } from "./api.ts";

/** A JSON schema, as far as a form shows it. */
export type Schema = { $ref?: string; type?: string | string[]; enum?: string[]; pattern?: string; minimum?: number; maximum?: number } & Record<string, unknown>;
export type Parameter = { name: string; in: "path" | "query" | "header"; required?: boolean; description?: string; schema: Schema; example?: unknown };
/** An operation of a document, with its place. */
export type Operation = {
  tier: "edge" | "region";
  method: string;
  path: string;
  operationId: string;
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema; example?: unknown }> };
  responses: Record<string, { description: string }>;
  security?: Record<string, string[]>[];
};

/** A whole document, with the names of its schemas. */
export type ApiDocument = { tier: Operation["tier"]; operations: Operation[]; schemas: Record<string, Schema> };

type Raw = { paths: Record<string, Record<string, Omit<Operation, "tier" | "method" | "path">>>; components: { schemas: Record<string, Schema> } };

/** Reads the document of one tier. */
export async function read_document(operator: Operator, tier: Operation["tier"], signal: AbortSignal): Promise<ApiDocument> {
  const raw = tier === "edge" ? await operator.edge<Raw>("/openapi.json", signal) : await operator.region<Raw>("/openapi.json", signal);
  const operations = Object.entries(raw.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, tier, path, method: method.toUpperCase() })),
  );
  return { tier, operations, schemas: raw.components.schemas };
}

/** Returns the schema that a reference names. */
export function resolved(document: ApiDocument, schema: Schema): Schema {
  const name = schema.$ref?.split("/").pop();
  return name === undefined ? schema : (document.schemas[name] ?? schema);
}

/** True if operators can send the request: with their access token, or without any credentials. */
export function is_open(operation: Operation): boolean {
  const { security } = operation;
  return security === undefined || security.some((one) => "access_token" in one || Object.keys(one).length === 0);
}
