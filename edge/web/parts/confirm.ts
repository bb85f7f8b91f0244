// The dialog that asks before an action that cannot be undone.

import { el, write } from "./dom.ts";

/** Asks for a confirmation. Escape and the other button decline. */
export function confirm(question: string, yes: string): Promise<boolean> {
  const dialog = el<HTMLDialogElement>("confirm");
  write(el("confirm-text"), question);
  write(el("confirm-yes"), yes);
  return new Promise((resolve) => {
    let confirmed = false;
    const close = (is_yes: boolean) => {
      confirmed = is_yes;
      dialog.close();
    };
    el("confirm-yes").onclick = () => close(true);
    el("confirm-no").onclick = () => close(false);
    dialog.onclose = () => resolve(confirmed);
    dialog.showModal();
    el("confirm-no").focus();
  });
}

/** Closes the dialog as if it was declined: what it asks about is no longer possible. */
export function dismiss(): void {
  const dialog = el<HTMLDialogElement>("confirm");
  if (dialog.open) dialog.close();
}
