// Shows /openapi.json: every route with what it takes and answers, and a form that sends it. No library, nothing from elsewhere.
const METHODS = ["get", "put", "post", "patch", "delete"];

function make(tag, text, ...children) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
}

// Leads to the schema that is meant, and says its name.
function named(schema) {
  if (!schema) return make("span", "anything");
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    const link = make("a", name);
    link.href = `#${name}`;
    return link;
  }
  return make("code", JSON.stringify(schema));
}

function table(rows) {
  return make("table", "", ...rows.map((cells) => make("tr", "", ...cells.map((cell) => make("td", "", cell)))));
}

// An example as it is sent or answered.
function shownExample(example) {
  if (example === undefined) return [];
  return [make("pre", typeof example === "string" ? example : JSON.stringify(example, null, 2))];
}

function bodies(content) {
  return make("div", "", ...Object.entries(content ?? {}).flatMap(([media, { schema, example }]) =>
    [make("code", `${media} `), named(schema), ...shownExample(example)]));
}

// A field of a form, behind its name.
function field(tag, name, value, required) {
  const input = make(tag);
  Object.assign(input, { name, required, spellcheck: false });
  input.value = value ?? "";
  return [make("label", "", make("code", name), input), input];
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// A form that sends a request with the token at the top of the page, and shows the answer.
function tried(path, method, { operationId, parameters = [], requestBody }) {
  const fields = parameters.map((one) => {
    const [label, input] = field("input", one.name, one.required ? one.example : "", one.required ?? false);
    return { one, label, input };
  });
  const [media, { example } = {}] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const written = typeof example === "string" ? example : JSON.stringify(example, null, 2);
  const [body_label, body] = field("textarea", media ?? "", media && written, false);
  const [status, answer] = [make("output"), make("pre")];
  const form = make("form", "", ...fields.map(({ label }) => label), ...(media ? [body_label] : []), make("button", "Send"), status, answer);
  form.dataset.operation = operationId;
  const of = (place) => fields.filter(({ one, input }) => one.in === place && input.value !== "").map(({ one, input }) => [one.name, input.value]);
  form.onsubmit = async (event) => {
    event.preventDefault();
    const token = document.getElementById("token").value;
    const headers = { ...Object.fromEntries(of("header")), ...(media && { "content-type": media }), ...(token && { authorization: `Bearer ${token}` }) };
    const filled = of("path").reduce((url, [name, value]) => url.replace(`{${name}}`, encodeURIComponent(value)), path);
    const query = new URLSearchParams(of("query")).toString();
    status.textContent = "…";
    try {
      const got = await fetch(query ? `${filled}?${query}` : filled, { method: method.toUpperCase(), headers, ...(media && { body: body.value }) });
      status.textContent = `${got.status} ${got.statusText}`;
      answer.textContent = pretty(await got.text());
    } catch (error) {
      status.textContent = `The request failed: ${error.message}`;
    }
  };
  return form;
}

function shown(path, method, operation) {
  const name = make("span", method);
  name.className = "method";
  const says = make("span", ` ${operation.summary ?? ""}`);
  says.className = "says";
  const details = make("details", "", make("summary", "", name, make("code", path), says));
  if (operation.description) details.append(make("p", operation.description));
  const needed = (operation.security ?? []).map((one) => Object.keys(one)[0] ?? "nothing");
  if (needed.length) details.append(make("p", `Needs: ${needed.join(" or ")}`));
  const parameters = operation.parameters ?? [];
  if (parameters.length) {
    details.append(make("h4", "Parameters"), table(parameters.map((one) =>
      [make("code", one.name), one.in, one.description ?? "", named(one.schema), one.example === undefined ? "" : make("code", `${one.example}`)])));
  }
  if (operation.requestBody) details.append(make("h4", "Body"), bodies(operation.requestBody.content));
  details.append(make("h4", "Answers"), table(Object.entries(operation.responses).map(([status, answer]) =>
    [make("code", status), answer.description, bodies(answer.content)])));
  details.append(make("h4", "Try it"), tried(path, method, operation));
  return details;
}

async function show() {
  const main = document.getElementById("document");
  const api = await (await fetch("/openapi.json")).json();
  const [label, token] = field("input", "token", "", false);
  Object.assign(token, { id: "token", type: "password", autocomplete: "off" });
  label.append(" an access token or a service key, which the requests below are sent with. It is not stored.");
  main.replaceChildren(make("h1", api.info.title), make("p", api.info.description), label);
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((one) => item[one])) {
      const tag = item[method].tags?.[0] ?? "other";
      groups.set(tag, [...(groups.get(tag) ?? []), shown(path, method, item[method])]);
    }
  }
  for (const [tag, routes] of groups) main.append(make("h2", tag), ...routes);
  main.append(make("h2", "Values"));
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    const details = make("details", "", make("summary", "", make("code", name)), make("pre", JSON.stringify(schema, null, 2)));
    details.id = name;
    main.append(details);
  }
}

addEventListener("hashchange", () => {
  const details = document.getElementById(location.hash.slice(1));
  if (details) details.open = true;
});
show().catch((error) => document.getElementById("document").replaceChildren(make("p", `openapi.json cannot be read: ${error.message}`)));
