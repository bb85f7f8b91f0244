// The buttons about the end of a match of two: offer, accept or decline a draw, and claim the win.

import type { Ending } from "@matchpoint/client";
import { el, make, write } from "../dom.ts";
import { match_time, seat_name } from "./board.ts";
import type { BoardContext } from "./board.ts";

/** Adds the buttons; `offered` is the seat whose offer of a draw is open. */
export function attach_endings({ room, move, is_moving }: BoardContext, offered: () => number | undefined): { draw: () => void } {
  const button = (testid: string, ending: Ending, text: string) => {
    const made = make("button", { type: "button", class: "plain", "data-testid": testid }, text) as HTMLButtonElement;
    made.onclick = () => move({ end: ending });
    return made;
  };
  const offer = button("offer-draw", "offer_draw", "Offer a draw");
  const accept = button("accept-draw", "accept_draw", "Accept");
  const decline = button("decline-draw", "decline_draw", "Decline");
  accept.setAttribute("aria-label", "Accept the draw");
  decline.setAttribute("aria-label", "Decline the draw");
  const claim = button("claim", "claim", "Claim the win");
  const text = make("p", { class: "muted", "data-testid": "endings-text" });
  el("game-actions").replaceChildren(text, offer, accept, decline, claim);

  return {
    draw: () => {
      const { seat, view } = room;
      const is_playing = seat !== null && !view.ended;
      el("game-actions").hidden = !is_playing;
      if (!is_playing) return;
      const other = 1 - seat;
      const by = offered();
      const away_s = away_for_s(room, other);
      offer.hidden = by !== undefined;
      accept.hidden = decline.hidden = by !== other;
      claim.hidden = away_s === null;
      for (const made of [offer, accept, decline, claim]) made.disabled = is_moving();
      const name = seat_name(room, other);
      if (by === other) write(text, `${name} offers a draw.`);
      else if (away_s !== null) write(text, `${name} has been away for ${away_s} s.`);
      else write(text, by === seat ? "You have offered a draw." : "");
    },
  };
}

/** Returns the seconds for which the player of a seat has been away; null if the player is here. */
function away_for_s(room: BoardContext["room"], seat: number): number | null {
  const player = room.seats[seat];
  if (room.view.members.find((member) => member.player === player)?.state !== "away") return null;
  const away = room.view.events.filter(({ ev, by }) => ev === "away" && by === player).at(-1);
  return Math.max(0, Math.floor((match_time(room) - (away?.ts ?? match_time(room))) / 1000));
}
