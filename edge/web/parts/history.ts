// The history screen: past matches, newest first, read from the region.

import { SessionLost } from "@matchpoint/client";
import type { Matchpoint, Session } from "@matchpoint/client";
import { Records } from "@matchpoint/client/region";
import type { PastMatch } from "@matchpoint/client/region";
import { el, make, notice, show, write } from "./dom.ts";
import { save_location } from "./page_state.ts";
import { FollowButtons } from "./follows.ts";
import * as outcomes from "./outcomes.ts";
import * as phrases from "./phrases.ts";

/** The waits between reads until a match that has just ended is in the history. */
const ASK_AGAIN_MS = [300, 700, 1_500, 3_000, 6_000];

/** Shows the history until the player queues again. `fresh` is a match that has just ended and must appear in it. */
export function history(matchpoint: Matchpoint, session: Session, fresh: string | null): Promise<{ log_in: boolean }> {
  save_location({ at: "history" });
  el("history-list").replaceChildren();
  show("history");
  return new Promise((done) => {
    let gone = false;
    const follows = new FollowButtons(matchpoint);
    const leave = (log_in: boolean) => {
      gone = true;
      follows.close();
      done({ log_in });
    };
    el<HTMLButtonElement>("again").onclick = () => leave(false);
    load(matchpoint, session, follows, fresh, () => gone).catch((error: unknown) => {
      if (gone) return;
      notice(phrases.error(error));
      write(el("history-status"), "Your past matches could not be loaded. Reload the page to try again.");
      if (error instanceof SessionLost) leave(true);
    });
  });
}

async function load(
  matchpoint: Matchpoint,
  session: Session,
  follows: FollowButtons,
  fresh: string | null,
  gone: () => boolean,
): Promise<void> {
  const records = new Records(matchpoint);
  const followed = follows.load();
  const status = el("history-status");
  write(status, fresh ? "Saving your match…" : "Loading your past matches…");
  let page = await records.matches();
  for (const wait of fresh === null ? [] : ASK_AGAIN_MS) {
    if (gone() || page.matches.some(({ match }) => match === fresh)) break;
    await new Promise((resolve) => setTimeout(resolve, wait));
    page = await records.matches();
  }
  await followed;
  if (gone()) return;
  const list = el("history-list");
  list.replaceChildren(...page.matches.map((match) => item(match, session.player, follows, match.match === fresh)));
  const late = fresh !== null && !page.matches.some(({ match }) => match === fresh);
  if (late) write(status, "Your last match is still being saved. Reload in a moment to see it.");
  else write(status, page.matches.length === 0 ? "No matches yet." : "");

  const more = el<HTMLButtonElement>("history-more");
  more.hidden = page.cursor == null;
  more.onclick = async () => {
    more.disabled = true;
    try {
      page = await records.matches({ cursor: page.cursor });
      list.append(...page.matches.map((match) => item(match, session.player, follows, false)));
      more.hidden = page.cursor == null;
    } catch (error) {
      notice(phrases.error(error));
    }
    more.disabled = false;
  };
}

function item(match: PastMatch, me: string, follows: FollowButtons, fresh: boolean): HTMLElement {
  const others = match.players.filter(({ player }) => player !== me);
  const names = others.map(({ name }) => name).join(", ") || "No one";
  const started = Date.parse(match.started);
  const { game, result, why } = outcomes.past_result(match, me);
  const facts = [phrases.duration(Date.parse(match.ended) - started), why].filter(Boolean);
  const when = [phrases.date_time(started), game].filter(Boolean);
  return make(
    "li",
    { "data-testid": "match", "data-match": match.match, class: fresh ? "fresh" : undefined },
    make("span", { class: "face", "aria-hidden": "true" }, names.slice(0, 1).toUpperCase()),
    make("strong", { "data-testid": "match-with" }, names),
    make("time", { datetime: match.started }, when.join(" · ")),
    make(
      "span",
      { class: "facts" },
      result === "" ? "" : make("span", { class: "match-result", "data-testid": "match-result", "data-result": result.toLowerCase() }, result),
      facts.join(" · "),
    ),
    make("span", { class: "follows" }, ...others.filter(({ gone }) => !gone).map(({ player, name }) => follows.row(player, name))),
  );
}
