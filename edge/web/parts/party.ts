// A party: made here, joined by its code, and taken into the queue by whoever made it.

import type { Lobby, Party, Session } from "../../sdk/index.ts";
import { el, make, notice, write } from "./dom.ts";
import * as words from "./words.ts";

/** Wires the box up, where the pool lets people come in company. */
export function attend_party(lobby: Lobby, session: Session, company: boolean): { draw: () => void } {
  const failed = (error: unknown) => notice(words.trouble(error));
  const code = el<HTMLInputElement>("party-code");
  const fine = () => notice("");
  el("party-make").onclick = () => void lobby.make_party().then(fine, failed);
  el("party-leave").onclick = () => void lobby.withdraw().catch(failed);
  el("queue-go").onclick = () => {
    notice("");
    lobby.enter();
  };
  el("party-form").onsubmit = (event) => {
    event.preventDefault();
    if (code.value.trim() === "") return code.focus();
    void lobby.join_party(code.value).then(() => {
      code.value = "";
      notice("");
    }, failed);
  };
  return { draw: () => draw(lobby, session, company) };
}

function draw(lobby: Lobby, session: Session, company: boolean): void {
  const { party, place } = lobby;
  const apart = place.is === "here" || place.is === "out";
  el("party").hidden = !company || (!apart && party === null) || place.is === "proposed";
  el("party-none").hidden = party !== null;
  el("party-in").hidden = party === null;
  el("queue-go").hidden = !apart || (party !== null && party.leader !== session.player);
  el("party-leave").hidden = !apart;
  if (!party) return write(el("party-title"), "Come with a friend, or on your own");
  write(el("party-title"), party.members.length < party.most ? "Send a friend this code" : "Your party is complete");
  write(el("party-shown"), party.party);
  members(lobby, party, session, apart);
}

function members(lobby: Lobby, party: Party, session: Session, apart: boolean): void {
  const list = el("party-members");
  const drawn = JSON.stringify([party, apart]);
  if (list.dataset.drawn === drawn) return;
  list.dataset.drawn = drawn;
  const leads = party.leader === session.player;
  list.replaceChildren(
    ...party.members.map(({ player, name }) => {
      const row = make("li", {}, make("strong", {}, player === session.player ? `${name} (you)` : name));
      if (player === party.leader) row.append(make("span", { class: "hush" }, "leads"));
      else if (leads && apart) {
        const out = make("button", { type: "button", class: "quiet", "aria-label": `Put ${name} out of the party` }, "Put out");
        out.onclick = () => void lobby.put_out(player).catch((error: unknown) => notice(words.trouble(error)));
        row.append(out);
      }
      return row;
    }),
  );
}
