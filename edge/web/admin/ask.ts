// The dialog before an action: it asks for the reason, runs the action, and stays open where it fails.

import { el, write } from "../parts/dom.ts";
import { problem } from "./api.ts";

/** A question before an action. */
export type Question = {
  title: string;
  text: string;
  yes: string;
  /** True if the action has an end that the operator chooses. */
  until?: boolean;
  /** Where the reason is kept, besides the audit trail. */
  hint?: string;
};

const DAY_MS = 86_400_000;

/** Asks for a reason, and runs the action with it. Resolves to true once the action has succeeded, and to false if it is canceled. */
export function ask(question: Question, act: (reason: string, until: string | null) => Promise<unknown>): Promise<boolean> {
  const dialog = el<HTMLDialogElement>("ask");
  const reason = el<HTMLTextAreaElement>("ask-reason");
  const yes = el<HTMLButtonElement>("ask-yes");
  write(el("ask-title"), question.title);
  write(el("ask-text"), question.text);
  write(el("ask-hint"), question.hint ?? "It is kept in the audit trail with your name.");
  write(yes, question.yes);
  write(el("ask-fault"), "");
  el("ask-until-label").hidden = question.until !== true;
  reason.value = "";
  return new Promise((resolve) => {
    let done = false;
    el("ask-form").onsubmit = async (event) => {
      event.preventDefault();
      const text = reason.value.trim().replace(/\s+/g, " ");
      if (text === "") return reason.focus();
      yes.disabled = true;
      write(el("ask-fault"), "");
      try {
        await act(text, chosen_end());
        done = true;
        dialog.close();
      } catch (error) {
        write(el("ask-fault"), problem(error));
      }
      yes.disabled = false;
    };
    el("ask-no").onclick = () => dialog.close();
    dialog.onclose = () => resolve(done);
    dialog.showModal();
    reason.focus();
  });
}

function chosen_end(): string | null {
  const days = el<HTMLSelectElement>("ask-until").value;
  return days === "" ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
}
