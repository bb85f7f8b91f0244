// The icons of Rock, Paper, Scissors.

import type { Hand } from "@matchpoint/client";

const SVG = "http://www.w3.org/2000/svg";

/** The lines of each icon, in a square of 24. */
const PATHS: Record<Hand, string> = {
  rock: "M4 15 6.5 7.5 13 4l6 4 2 7.5-4.5 4.5h-9ZM6.5 7.5l5 3.5L13 4M11.5 11l1 9M11.5 11 21 15.5",
  paper: "M6 3h9l4 4v14H6ZM15 3v4h4M9 11h7M9 14.5h7M9 18h4",
  scissors: "M8.2 15.8 18 3M15.8 15.8 6 3M3 18.5a3 3 0 1 0 6 0 3 3 0 1 0-6 0M15 18.5a3 3 0 1 0 6 0 3 3 0 1 0-6 0",
};

/** Returns the icon of a choice; its name stands beside it. */
export function hand_icon(hand: Hand): SVGElement {
  const icon = document.createElementNS(SVG, "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("class", "hand");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[hand]);
  icon.append(path);
  return icon;
}
