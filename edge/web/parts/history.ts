// People one met: past meetings, newest first, read from the region.

import type { Matchpoint, Meeting, Session } from "../../sdk/index.ts";
import { SessionLost } from "../../sdk/index.ts";
import { el, make, notice, show, write } from "./dom.ts";
import { remember } from "./memory.ts";
import { Ties } from "./ties.ts";
import * as words from "./words.ts";

/** A meeting reaches the record a moment after its end; it is asked for at these distances. */
const ASK_AGAIN_MS = [300, 700, 1_500, 3_000, 6_000];

const REASONS: Record<Meeting["reason"], string> = {
  ended: "",
  abandoned: "everybody left",
  no_show: "somebody did not come",
  time_up: "time was up",
};

/** Shows the past until somebody wants to meet again. `fresh` is a meeting that has just ended and belongs in it. */
export function history(matchpoint: Matchpoint, session: Session, fresh: string | null): Promise<{ log_in: boolean }> {
  remember({ at: "history" });
  el("history-list").replaceChildren();
  show("history");
  return new Promise((done) => {
    let gone = false;
    const ties = new Ties(matchpoint, session);
    const leave = (log_in: boolean) => {
      gone = true;
      ties.close();
      done({ log_in });
    };
    el<HTMLButtonElement>("again").onclick = () => leave(false);
    load(matchpoint, session, ties, fresh, () => gone).catch((error: unknown) => {
      if (gone) return;
      notice(words.trouble(error));
      write(el("history-status"), "Your meetings could not be read. Reload the page to try again.");
      if (error instanceof SessionLost) leave(true);
    });
  });
}

async function load(
  matchpoint: Matchpoint,
  session: Session,
  ties: Ties,
  fresh: string | null,
  gone: () => boolean,
): Promise<void> {
  const followed = ties.load();
  const status = el("history-status");
  write(status, fresh ? "Writing down what happened…" : "Looking back…");
  let page = await matchpoint.meetings(session);
  for (const wait of fresh === null ? [] : ASK_AGAIN_MS) {
    if (gone() || page.matches.some(({ match }) => match === fresh)) break;
    await new Promise((rung) => setTimeout(rung, wait));
    page = await matchpoint.meetings(session);
  }
  await followed;
  if (gone()) return;
  const list = el("history-list");
  list.replaceChildren(...page.matches.map((meeting) => item(meeting, session.player, ties, meeting.match === fresh)));
  const late = fresh !== null && !page.matches.some(({ match }) => match === fresh);
  if (late) write(status, "Your last meeting is still being written down. Reload in a moment to see it.");
  else write(status, page.matches.length === 0 ? "Nobody yet. That can change in a minute." : "");

  const more = el<HTMLButtonElement>("history-more");
  more.hidden = page.cursor === null;
  more.onclick = async () => {
    more.disabled = true;
    try {
      page = await matchpoint.meetings(session, page.cursor);
      list.append(...page.matches.map((meeting) => item(meeting, session.player, ties, false)));
      more.hidden = page.cursor === null;
    } catch (error) {
      notice(words.trouble(error));
    }
    more.disabled = false;
  };
}

function item(meeting: Meeting, me: string, ties: Ties, fresh: boolean): HTMLElement {
  const others = meeting.players.filter(({ player }) => player !== me);
  const names = others.map(({ name }) => name).join(", ") || "Nobody";
  const started = Date.parse(meeting.started);
  const how = REASONS[meeting.reason];
  const facts = [words.span(Date.parse(meeting.ended) - started), how].filter(Boolean);
  return make(
    "li",
    { "data-testid": "meeting", "data-match": meeting.match, class: fresh ? "fresh" : undefined },
    make("span", { class: "face", "aria-hidden": "true" }, names.slice(0, 1).toUpperCase()),
    make("strong", { "data-testid": "meeting-with" }, names),
    make("time", { datetime: meeting.started }, words.when(started)),
    make("span", { class: "facts" }, facts.join(" · ")),
    make("span", { class: "ties" }, ...others.filter(({ gone }) => !gone).map(({ player, name }) => ties.about(player, name))),
  );
}
