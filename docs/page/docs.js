// Shows /openapi.json: every route with what it takes and answers. No library, nothing from elsewhere.
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
  return details;
}

async function show() {
  const main = document.getElementById("document");
  const api = await (await fetch("/openapi.json")).json();
  main.replaceChildren(make("h1", api.info.title), make("p", api.info.description));
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
