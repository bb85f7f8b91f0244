// Staying in touch: whom one follows of those one met, and who of them is here now.

import type { Matchpoint, Me, Session, Sight } from "../../sdk/index.ts";
import { make, notice, write } from "./dom.ts";
import * as words from "./words.ts";

export class Ties {
  #matchpoint: Matchpoint;
  #session: Session;
  #me: Me;
  #follows = new Set<string>();
  #rows: { player: string; button: HTMLButtonElement; said: HTMLElement }[] = [];

  constructor(matchpoint: Matchpoint, session: Session) {
    this.#matchpoint = matchpoint;
    this.#session = session;
    this.#me = matchpoint.me(session, { changed: () => this.#paint() });
  }

  /** Learns whom one follows already. */
  async load(): Promise<void> {
    const follows = await this.#matchpoint.follows(this.#session);
    for (const { player } of follows) this.#follows.add(player);
    this.#paint();
  }

  /** What there is to see and to do about somebody. */
  about(player: string, name: string): HTMLElement {
    const button = make("button", { type: "button", class: "plain", "data-testid": "tie" }) as HTMLButtonElement;
    const said = make("span", { class: "sight", "data-testid": "sight", role: "status" });
    button.onclick = () => void this.#turn(player, button);
    button.setAttribute("aria-label", `Stay in touch with ${name}`);
    this.#rows.push({ player, button, said });
    this.#paint();
    return make("span", { class: "tie" }, said, button);
  }

  close(): void {
    this.#me.close();
  }

  async #turn(player: string, button: HTMLButtonElement): Promise<void> {
    const on = !this.#follows.has(player);
    button.disabled = true;
    try {
      await this.#matchpoint.follow(this.#session, player, on);
      if (on) this.#follows.add(player);
      else this.#follows.delete(player);
    } catch (error) {
      notice(words.trouble(error));
    }
    button.disabled = false;
    this.#paint();
  }

  #paint(): void {
    for (const { player, button, said } of this.#rows) {
      const on = this.#follows.has(player);
      const state: Sight["state"] = on ? this.#me.sight(player).state : "offline";
      button.setAttribute("aria-pressed", String(on));
      write(button, on ? "In touch" : "Stay in touch");
      said.dataset.sight = state;
      write(said, on ? words.sight(state) : "");
    }
  }
}
