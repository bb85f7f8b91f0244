// The party box of the queue screen: create a party, join one by its code, and queue together.

import type { Lobby, Party, Session } from "@matchpoint/client";
import { el, make, notice, write } from "./dom.ts";
import * as phrases from "./phrases.ts";

/** Connects the party box to the lobby. `enabled`: the pool allows parties. */
export function attach_party(lobby: Lobby, session: Session, enabled: boolean): { draw: () => void } {
  const failed = (error: unknown) => notice(phrases.error(error));
  const code = el<HTMLInputElement>("party-code");
  const done = () => notice("");
  el("party-make").onclick = () => void lobby.create_party().then(done, failed);
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
  return { draw: () => draw(lobby, session, enabled) };
}

function draw(lobby: Lobby, session: Session, enabled: boolean): void {
  const [party, state] = [lobby.party.get(), lobby.state.get()];
  const not_queued = state.is === "idle" || state.is === "out";
  el("party").hidden = !enabled || (!not_queued && party === null) || state.is === "proposed";
  el("party-none").hidden = party !== null;
  el("party-in").hidden = party === null;
  el("queue-go").hidden = !not_queued || (party !== null && party.leader !== session.player);
  el("party-leave").hidden = !not_queued;
  if (!party) return write(el("party-title"), "Bring a friend, or play on your own");
  write(el("party-title"), party.members.length < party.most ? "Send this code to a friend" : "Your party is full");
  write(el("party-shown"), party.party);
  members(lobby, party, session, not_queued);
}

function members(lobby: Lobby, party: Party, session: Session, not_queued: boolean): void {
  const list = el("party-members");
  const drawn = JSON.stringify([party, not_queued]);
  if (list.dataset.drawn === drawn) return;
  list.dataset.drawn = drawn;
  const leads = party.leader === session.player;
  list.replaceChildren(
    ...party.members.map(({ player, name }) => {
      const row = make("li", {}, make("strong", {}, player === session.player ? `${name} (you)` : name));
      if (player === party.leader) row.append(make("span", { class: "muted" }, "leader"));
      else if (leads && not_queued) {
        const out = make("button", { type: "button", class: "quiet", "aria-label": `Remove ${name} from the party` }, "Remove");
        out.onclick = () => void lobby.remove_member(player).catch((error: unknown) => notice(phrases.error(error)));
        row.append(out);
      }
      return row;
    }),
  );
}
