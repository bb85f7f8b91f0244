// Parts of the console's screens: panels, tables, facts, badges and links.

import { make } from "../parts/dom.ts";

export type Content = Node | string;
/** The value of a fact or a cell; `null` and `undefined` are shown as a dash. */
export type Value = Content | number | boolean | null | undefined;

const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const other_day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const today = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
let last_id = 0;

/** Returns a value as content. */
export function content(value: Value): Content {
  if (value === null || value === undefined || value === "") return make("span", { class: "muted" }, "–");
  return value instanceof Node ? value : String(value);
}

/** Returns a section with a heading. */
export function panel(title: string, testid: string, ...inside: Content[]): HTMLElement {
  const id = `panel-${(last_id += 1)}`;
  return make("section", { class: "panel", "data-testid": testid, "aria-labelledby": id }, make("h2", { id }, title), ...inside);
}

/** Returns a list of names and values. */
export function facts(pairs: [string, Value][]): HTMLElement {
  const pair = ([name, value]: [string, Value]) => make("div", {}, make("dt", {}, name), make("dd", {}, content(value)));
  return make("dl", { class: "facts" }, ...pairs.map(pair));
}

/** Returns a table that scrolls sideways where it is too wide; `empty` is shown without rows. */
export function table(caption: string, heads: string[], rows: Value[][], empty: string): HTMLElement {
  if (rows.length === 0) return make("p", { class: "muted" }, empty);
  const head = make("tr", {}, ...heads.map((name) => make("th", { scope: "col" }, name === "" ? make("span", { class: "visually-hidden" }, "Action") : name)));
  const body = rows.map((row) => make("tr", {}, ...row.map((value) => make("td", {}, content(value)))));
  const inside = make("table", {}, make("caption", { class: "visually-hidden" }, caption), make("thead", {}, head), make("tbody", {}, ...body));
  return make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": `${caption}: table` }, inside);
}

/** Returns JSON as indented text, with short lists on one line; it scrolls where it is too large. */
export function json(value: unknown, label: string): HTMLElement {
  const text = JSON.stringify(value, null, 2).replace(/\[\s+([^[\]{}]{0,100}?)\s+\]/g, (_, items: string) => `[${items.replace(/\s*\n\s*/g, " ")}]`);
  return make("pre", { class: "scroll", role: "region", tabindex: "0", "aria-label": label }, text);
}

/** Returns a text in which words between backticks are code. */
export function prose(text: string): Content[] {
  return text.split("`").map((part, nth) => (nth % 2 === 1 ? make("code", {}, part) : part));
}

/** Returns a short state in a frame. */
export function badge(text: string, tone: "good" | "late" | "bad" | "quiet" = "quiet"): HTMLElement {
  return make("span", { class: "badge", "data-tone": tone }, text);
}

/** Returns a time: milliseconds, or as RFC 3339 has it. A time of today has no date; the title has all of it. */
export function time(at: number | string | null | undefined): HTMLElement | null {
  if (at === null || at === undefined) return null;
  const date = new Date(at);
  const format = date.toDateString() === new Date().toDateString() ? today : other_day;
  return make("time", { datetime: date.toISOString(), title: whole.format(date) }, format.format(date));
}

/** Returns a link to a player's screen. */
export function player_link(id: string, name = ""): HTMLElement {
  return make("a", { href: `#/player/${id}`, class: name === "" ? "id" : undefined }, name === "" ? id : name);
}

/** Returns a link to a room's screen. */
export function room_link(id: string): HTMLElement {
  return make("a", { href: `#/room/${id}`, class: "id" }, id);
}

/** Returns an id as text. */
export function id(text: string): HTMLElement {
  return make("code", { class: "id" }, text);
}

/** Returns a button. */
export function button(text: string, testid: string, press: () => unknown, kind: "main" | "plain" | "danger" = "plain"): HTMLButtonElement {
  const made = make("button", { type: "button", class: kind, "data-testid": testid }, text) as HTMLButtonElement;
  made.onclick = () => void press();
  return made;
}

/** Returns a form of one field that opens something by its id. */
export function find_form(label: string, testid: string, placeholder: string, open: (text: string) => void): HTMLElement {
  const field = make("input", { id: testid, "data-testid": testid, placeholder, autocomplete: "off", autocapitalize: "none", spellcheck: "false" }) as HTMLInputElement;
  const form = make("form", { class: "find" }, make("label", { for: testid }, label), make("div", { class: "row" }, field, make("button", { class: "main" }, "Open")));
  form.onsubmit = (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (text === "") field.focus();
    else open(text);
  };
  return form;
}
