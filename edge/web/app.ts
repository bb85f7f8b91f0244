// The demo page: give a name, queue, meet somebody, and look back on it.

import { Matchpoint, random_key } from "../sdk/index.ts";
import type { Session } from "../sdk/index.ts";
import { el, make, notice, show, write } from "./parts/dom.ts";
import { history } from "./parts/history.ts";
import { recall, remember } from "./parts/memory.ts";
import type { Where } from "./parts/memory.ts";
import { queue } from "./parts/queue.ts";
import { meet } from "./parts/room.ts";
import * as words from "./parts/words.ts";

/** The pool this page queues in, where the edge has it and the address names no other; else the edge's first. */
const POOL = "speed-dating";
/** How long the page waits before it asks again for an edge that did not answer. */
const ASK_AGAIN_MS = 3_000;

void main();

async function main(): Promise<void> {
  const matchpoint = await find_edge();
  const asked = new URLSearchParams(location.search).get("pool") ?? POOL;
  const pool = matchpoint.pools.includes(asked) ? asked : (matchpoint.pools[0] ?? POOL);
  offer_pools(matchpoint, pool);
  let where = recall();
  let session = where ? matchpoint.restore() : null;
  for (;;) {
    session ??= await introduce(matchpoint);
    write(el("whoami"), session.name);
    const next = await walk(matchpoint, session, pool, where ?? { at: "queue", key: random_key() });
    if (next !== "log_in") {
      where = next;
      continue;
    }
    remember((where = null));
    session.forget();
    session = null;
    write(el("whoami"), "");
  }
}

/** One step from where somebody is to where they go next. */
async function walk(matchpoint: Matchpoint, session: Session, pool: string, where: Where): Promise<Where | "log_in"> {
  if (where.at === "room") {
    const { met, log_in } = await meet(matchpoint, session, where.room);
    if (log_in) return "log_in";
    return look_back(matchpoint, session, met ? where.room : null);
  }
  if (where.at === "history") return look_back(matchpoint, session, null);
  const found = await queue(matchpoint, session, pool, where.key);
  if (found.room !== null) {
    notice("");
    return { at: "room", room: found.room };
  }
  return found.log_in ? "log_in" : { at: "history" };
}

async function look_back(matchpoint: Matchpoint, session: Session, fresh: string | null): Promise<Where | "log_in"> {
  const { log_in } = await history(matchpoint, session, fresh);
  notice("");
  return log_in ? "log_in" : { at: "queue", key: random_key() };
}

/** Where else one could queue. */
function offer_pools({ pools }: Matchpoint, pool: string): void {
  const links = pools.map((name) =>
    make("a", { href: `?pool=${encodeURIComponent(name)}`, "aria-current": name === pool ? "page" : undefined }, name),
  );
  el("pools").replaceChildren(...links);
  el("pools").hidden = links.length < 2;
}

/** Asks for a name until the region takes one. */
function introduce(matchpoint: Matchpoint): Promise<Session> {
  const input = el<HTMLInputElement>("name-input");
  const go = el<HTMLButtonElement>("name-go");
  show("name", input);
  return new Promise((introduced) => {
    el("name-form").onsubmit = async (event) => {
      event.preventDefault();
      const name = input.value.trim();
      input.setAttribute("aria-invalid", String(name === ""));
      if (name === "") {
        notice("Give a name first. Any name will do.");
        input.focus();
        return;
      }
      go.disabled = true;
      try {
        const session = await matchpoint.guest(name);
        notice("");
        introduced(session);
      } catch (error) {
        notice(words.trouble(error));
      }
      go.disabled = false;
    };
  });
}

/** The edge is where the page came from. */
async function find_edge(): Promise<Matchpoint> {
  el("notice-close").onclick = () => notice("");
  for (;;) {
    try {
      const matchpoint = await Matchpoint.at(location.origin);
      notice("");
      return matchpoint;
    } catch (error) {
      notice(`${words.trouble(error)} The page keeps trying.`);
      await new Promise((rung) => setTimeout(rung, ASK_AGAIN_MS));
    }
  }
}
