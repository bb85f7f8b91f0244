// The explorer: every operation of both OpenAPI documents as a form, and a socket to play with.

import { make } from "../parts/dom.ts";
import { read_document } from "./documents.ts";
import type { ApiDocument, Operation } from "./documents.ts";
import { operation_form } from "./operation_form.ts";
import { playground } from "./playground.ts";
import { loaded } from "./screen.ts";
import type { Context, Screen } from "./screen.ts";
import { panel, prose } from "./view.ts";

export const explorer: Screen = { name: "explorer", title: "Explorer", show };

function show(context: Context): void {
  const { operator, main, signal } = context;
  const forms = loaded(signal, async () => {
    const documents = await Promise.all((["edge", "region"] as const).map((tier) => read_document(operator, tier, signal)));
    return [list(context, documents)];
  });
  main.append(playground(context), panel("Requests", "requests", forms));
}

/** All operations, with a field that finds some of them by their words. */
function list(context: Context, documents: ApiDocument[]): HTMLElement {
  const field = make("input", { id: "filter", "data-testid": "filter", type: "search", autocomplete: "off", placeholder: "ban, /v1/rooms, POST" }) as HTMLInputElement;
  const rows = documents.flatMap((document) => document.operations.map((operation) => ({ operation, row: item(context, document, operation) })));
  const none = make("p", { class: "muted" }, "No operation has all of these words.");
  none.hidden = true;
  field.oninput = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { operation, row } of rows) row.hidden = !words.every((word) => text_of(operation).includes(word));
    none.hidden = rows.some(({ row }) => !row.hidden);
  };
  return make("div", { class: "operations" }, make("div", { class: "find" }, make("label", { for: "filter" }, "Find an operation"), field), ...rows.map(({ row }) => row), none);
}

function text_of({ tier, method, path, operationId, summary = "", tags = [] }: Operation): string {
  return [tier, method, path, operationId, summary, ...tags].join(" ").toLowerCase();
}

/** One operation; its form is made when it is opened. */
function item(context: Context, document: ApiDocument, operation: Operation): HTMLElement {
  const { tier, method, path, operationId, summary = "" } = operation;
  const head = make("summary", {}, make("span", { class: "method" }, method), make("code", {}, path), make("span", { class: "muted" }, ` ${tier} · `, ...prose(summary)));
  const details = make("details", { "data-testid": `operation-${operationId}` }, head) as HTMLDetailsElement;
  details.ontoggle = () => {
    if (details.open && details.children.length === 1) details.append(operation_form(context, document, operation));
  };
  return details;
}
