// The follow buttons of the history, with the presence of followed players.

import type { Matchpoint } from "@matchpoint/client";
import { Me } from "@matchpoint/client/presence";
import type { PresenceAt } from "@matchpoint/client/presence";
import { People } from "@matchpoint/client/region";
import { make, notice, write } from "./dom.ts";
import * as phrases from "./phrases.ts";

/** The follow buttons and presence labels of all rows. */
export class FollowButtons {
  #people: People;
  #me: Me;
  #follows = new Set<string>();
  #rows: { player: string; button: HTMLButtonElement; label: HTMLElement }[] = [];

  constructor(matchpoint: Matchpoint) {
    this.#people = new People(matchpoint);
    this.#me = new Me(matchpoint);
    this.#me.on("changed", () => this.#draw());
  }

  /** Loads the followed players. */
  async load(): Promise<void> {
    for await (const { player } of this.#people.follows()) this.#follows.add(player);
    this.#draw();
  }

  /** Returns a follow button and a presence label for a player. */
  row(player: string, name: string): HTMLElement {
    const button = make("button", { type: "button", class: "plain", "data-testid": "follow" }) as HTMLButtonElement;
    const label = make("span", { class: "presence-label", "data-testid": "presence", role: "status" });
    button.onclick = () => void this.#toggle(player, button);
    button.setAttribute("aria-label", `Follow ${name}`);
    this.#rows.push({ player, button, label });
    this.#draw();
    return make("span", { class: "follow" }, label, button);
  }

  close(): void {
    this.#me.close();
  }

  async #toggle(player: string, button: HTMLButtonElement): Promise<void> {
    const on = !this.#follows.has(player);
    button.disabled = true;
    try {
      await (on ? this.#people.follow(player) : this.#people.unfollow(player));
      if (on) this.#follows.add(player);
      else this.#follows.delete(player);
    } catch (error) {
      notice(phrases.error(error));
    }
    button.disabled = false;
    this.#draw();
  }

  #draw(): void {
    for (const { player, button, label } of this.#rows) {
      const on = this.#follows.has(player);
      const state: PresenceAt["state"] = on ? this.#me.presence(player).state : "offline";
      button.setAttribute("aria-pressed", String(on));
      write(button, on ? "Following" : "Follow");
      label.dataset.state = state;
      write(label, on ? phrases.presence(state) : "");
    }
  }
}
