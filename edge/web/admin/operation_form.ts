// The form of one operation: its parameters, its body, and the answer.

import { make, write } from "../parts/dom.ts";
import { problem } from "./api.ts";
import { is_open, resolved } from "./documents.ts";
import type { ApiDocument, Operation, Parameter } from "./documents.ts";
import type { Context } from "./screen.ts";
import { badge, json, prose } from "./view.ts";

type Field = HTMLInputElement | HTMLSelectElement;

/** Returns the form; it sends the request with the operator's access token. */
export function operation_form({ operator }: Context, document: ApiDocument, operation: Operation): HTMLElement {
  const { operationId, description = "", parameters = [], requestBody, responses } = operation;
  const fields = parameters.map((parameter) => ({ parameter, field: parameter_field(document, operation, parameter) }));
  const content = Object.values(requestBody?.content ?? {})[0];
  const body_id = `${operationId}-body`;
  const body = make("textarea", { id: body_id, "data-testid": body_id, rows: "6", spellcheck: "false", class: "code" }) as HTMLTextAreaElement;
  if (content?.example !== undefined) body.value = JSON.stringify(content.example, null, 2);
  const answer = make("div", { class: "answer", "aria-live": "polite", "data-testid": `${operationId}-answer` });
  const fault = make("p", { class: "fault", role: "alert" });
  const send = make("button", { class: "main", "data-testid": `${operationId}-send` }, "Send") as HTMLButtonElement;
  const form = make(
    "form",
    { class: "operation" },
    ...(description === "" ? [] : [make("p", {}, ...prose(description))]),
    ...fields.map(({ parameter, field }) => labelled(parameter, field)),
    ...(content === undefined ? [] : [make("label", { for: body_id }, "Body"), body, schema_of(document, content.schema)]),
    make("p", { class: "muted" }, ...prose(`Answers: ${Object.entries(responses).map(([status, { description: text }]) => `${status} ${text}`).join(" · ")}`)),
    is_open(operation) ? send : make("p", { class: "muted" }, "Only the other tier, or a service with a key, sends this request."),
    fault,
    answer,
  );
  form.onsubmit = async (event) => {
    event.preventDefault();
    send.disabled = true;
    write(fault, "");
    try {
      const request = build(operation, fields, content === undefined ? "" : body.value);
      const base = operation.tier === "edge" ? operator.matchpoint.url : (await operator.matchpoint.config()).region;
      const started = performance.now();
      const response = await operator.matchpoint.response(base + request.path, request);
      answer.replaceChildren(...(await shown(response, request.path, Math.round(performance.now() - started))));
    } catch (error) {
      write(fault, error instanceof SyntaxError ? `The body is not valid JSON: ${error.message}` : problem(error));
    }
    send.disabled = false;
  };
  return form;
}

function parameter_field(document: ApiDocument, { operationId }: Operation, { name, required, schema, example }: Parameter): Field {
  const { enum: values, type, minimum, maximum } = resolved(document, schema);
  const id = `${operationId}-${name}`;
  if (values !== undefined) {
    const options = [...(required === true ? [] : [""]), ...values].map((value) => make("option", { value }, value === "" ? "(left out)" : value));
    return make("select", { id, "data-testid": id }, ...options) as HTMLSelectElement;
  }
  const number = type === "integer" ? { type: "number", min: minimum?.toString(), max: maximum?.toString() } : {};
  const hint = example === undefined ? undefined : String(example);
  return make("input", { id, "data-testid": id, autocomplete: "off", spellcheck: "false", placeholder: hint, required: required === true ? "" : undefined, ...number }) as HTMLInputElement;
}

function labelled({ name, in: place, description = "" }: Parameter, field: Field): HTMLElement {
  const label = make("label", { for: field.id }, name, make("span", { class: "muted" }, ...prose(` ${place}${description === "" ? "" : ` · ${description}`}`)));
  return make("div", { class: "parameter" }, label, field);
}

function schema_of(document: ApiDocument, schema: { $ref?: string }): HTMLElement {
  return make("details", {}, make("summary", {}, "Its schema"), json(resolved(document, schema), "Schema of the body"));
}

/** Puts the values of the fields into path, query and headers. */
function build({ method, path }: Operation, fields: { parameter: Parameter; field: Field }[], body: string) {
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const { parameter, field } of fields) {
    const value = field.value.trim();
    if (value === "") continue;
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (parameter.in === "query") query.set(parameter.name, value);
    else headers[parameter.name] = encodeURI(value);
  }
  const asked = query.size === 0 ? path : `${path}?${query.toString()}`;
  return { method, path: asked, headers, ...(body.trim() !== "" && { body: JSON.parse(body) as unknown }) };
}

async function shown(response: Response, path: string, ms: number): Promise<Node[]> {
  const text = await response.text();
  const head = make("p", {}, badge(String(response.status), response.ok ? "good" : "bad"), " ", make("code", {}, path), make("span", { class: "muted" }, ` in ${ms} ms`));
  if (text === "") return [head];
  try {
    return [head, json(JSON.parse(text), `Answer of ${path}`)];
  } catch {
    return [head, make("pre", { class: "scroll", role: "region", tabindex: "0", "aria-label": `Answer of ${path}` }, text)];
  }
}
