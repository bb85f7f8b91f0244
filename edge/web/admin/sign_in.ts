// The sign-in of the console: a guest's name, an id token, or the tokens of a session. The page keeps the entered values in this tab only.

import type { Matchpoint, Session } from "@matchpoint/client";
import { make, write } from "../parts/dom.ts";
import { problem } from "./api.ts";
import { panel } from "./view.ts";

/** Shows the forms until one of them has signed a player in. */
export function sign_in(matchpoint: Matchpoint, main: HTMLElement, reason: string): Promise<Session> {
  document.body.dataset.state = "sign-in";
  return new Promise((resolve) => {
    const fault = make("p", { class: "fault", role: "alert", "data-testid": "sign-in-fault" }, reason);
    const form = (name: string, label: string, hint: string, attributes: Record<string, string>, enter: (text: string) => Promise<Session>) => {
      const field = make("input", { id: name, "data-testid": name, required: "", "aria-describedby": `${name}-hint`, ...attributes }) as HTMLInputElement;
      const go = make("button", { class: "main", "data-testid": `${name}-go` }, "Sign in") as HTMLButtonElement;
      const made = make("form", {}, make("label", { for: name }, label), make("div", { class: "row" }, field, go), make("p", { class: "muted", id: `${name}-hint` }, hint));
      made.onsubmit = async (event) => {
        event.preventDefault();
        go.disabled = true;
        write(fault, "");
        try {
          resolve(await enter(field.value.trim()));
        } catch (error) {
          write(fault, problem(error));
        }
        go.disabled = false;
      };
      return made;
    };
    const secret = { type: "password", autocomplete: "off", spellcheck: "false" };
    main.replaceChildren(
      make("h1", { tabindex: "-1" }, "Sign in to the console"),
      fault,
      panel(
        "Operators only",
        "sign-in",
        make("p", {}, "Sign in as a player that OPERATORS or MODERATORS of the region names. The login stays in this tab."),
        form("tokens", "Session", "The answer of POST /v1/sessions as JSON, or an access token alone, which is valid for ten minutes.", secret, (text) => adopt(matchpoint, text)),
        form("id-token", "Id token", "Of an identity provider that the region accepts.", secret, (id_token) => matchpoint.sign_in({ id_token, label: "console" })),
        form("guest", "Guest", "Where the region allows guests: a new player, whose id you then add to MODERATORS.", { autocomplete: "nickname", maxlength: "40" }, (name) =>
          matchpoint.guest(name, { label: "console" }),
        ),
      ),
    );
    main.querySelector("h1")?.focus();
  });
}

/** Adopts a pasted session. */
async function adopt(matchpoint: Matchpoint, text: string): Promise<Session> {
  if (!text.startsWith("{")) return matchpoint.adopt({ access_token: text, expires_in: seconds_left(text) });
  const { access_token, refresh_token, expires_in } = JSON.parse(text) as { access_token: string; refresh_token: string; expires_in: number };
  return matchpoint.adopt({ access_token, refresh_token, expires_in });
}

function seconds_left(token: string): number {
  try {
    const { exp = 0 } = JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"))) as { exp?: number };
    return Math.max(1, exp - Date.now() / 1000);
  } catch {
    return 1;
  }
}
