// Attempts of the console: an action that may fail, and a form of one field. The fault is shown in its place.

import { make, write } from "../parts/dom.ts";
import { problem } from "./api.ts";

/** Returns the place of a fault, which assistive technology announces. */
export function fault_place(): HTMLElement {
  return make("p", { class: "fault", role: "alert" });
}

/** Runs an action; its error is shown in `fault`. */
export async function attempt(fault: HTMLElement, action: () => Promise<unknown> | void): Promise<void> {
  write(fault, "");
  try {
    await action();
  } catch (error) {
    write(fault, problem(error));
  }
}

/** Returns a form of one field with a button; `send` gets the text, which is never empty. The field keeps it. */
export function field_form(field: HTMLInputElement | HTMLTextAreaElement, label: string, testid: string, yes: string, send: (text: string) => Promise<void>): HTMLElement {
  const fault = fault_place();
  const row = make("div", { class: "row" }, field, make("button", { class: "main", "data-testid": testid }, yes));
  const form = make("form", { class: "find" }, make("label", { for: field.id }, label), row, fault);
  form.onsubmit = async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (text === "") return field.focus();
    await attempt(fault, () => send(text));
  };
  return form;
}
