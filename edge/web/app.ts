// The demo page: choose a name, queue, meet another player, and see past matches.

import { Matchpoint, random_key } from "@matchpoint/client";
import type { Session } from "@matchpoint/client";
import { el, make, notice, show, write } from "./parts/dom.ts";
import { history } from "./parts/history.ts";
import { load_location, save_location } from "./parts/page_state.ts";
import type { PageLocation } from "./parts/page_state.ts";
import { queue } from "./parts/queue.ts";
import { show_room } from "./parts/room.ts";
import * as phrases from "./parts/phrases.ts";

/** The default pool, unless the URL names another one or the edge lacks it; then the edge's first pool. */
const POOL = "speed-dating";
/** The wait before the page retries an edge that does not answer. */
const ASK_AGAIN_MS = 3_000;

void main();

async function main(): Promise<void> {
  const matchpoint = await connect_to_edge();
  const asked = new URLSearchParams(location.search).get("pool") ?? POOL;
  const { pools } = await matchpoint.config();
  const pool = pools.includes(asked) ? asked : (pools[0] ?? POOL);
  list_pools(pools, pool);
  const watched = new URLSearchParams(location.search).get("watch");
  let where = load_location();
  let session = where ? await matchpoint.restore() : null;
  for (;;) {
    session ??= await ask_name(matchpoint);
    write(el("player-name"), session.name);
    const next = await show_screen(matchpoint, session, pool, where ?? first_location(watched));
    if (next !== "log_in") {
      where = next;
      continue;
    }
    save_location((where = null));
    matchpoint.forget();
    session = null;
    write(el("player-name"), "");
  }
}

/** Returns the location of a page that has just been opened: the queue, or the room that its address says to watch. */
function first_location(watched: string | null): PageLocation {
  return watched === null ? { at: "queue", key: random_key() } : { at: "room", room: watched };
}

/** Shows one screen, and returns the next location. */
async function show_screen(matchpoint: Matchpoint, session: Session, pool: string, where: PageLocation): Promise<PageLocation | "log_in"> {
  if (where.at === "room") {
    const { ended, log_in } = await show_room(matchpoint, where.room);
    if (log_in) return "log_in";
    return show_history(matchpoint, session, ended ? where.room : null);
  }
  if (where.at === "history") return show_history(matchpoint, session, null);
  const found = await queue(matchpoint, session, pool, where.key);
  if (found.room !== null) {
    notice("");
    return { at: "room", room: found.room };
  }
  return found.log_in ? "log_in" : { at: "history" };
}

async function show_history(matchpoint: Matchpoint, session: Session, fresh: string | null): Promise<PageLocation | "log_in"> {
  const { log_in } = await history(matchpoint, session, fresh);
  notice("");
  return log_in ? "log_in" : { at: "queue", key: random_key() };
}

/** Lists the pools, to switch to another one. */
function list_pools(pools: readonly string[], pool: string): void {
  const links = pools.map((name) =>
    make("a", { href: `?pool=${encodeURIComponent(name)}`, "aria-current": name === pool ? "page" : undefined }, name),
  );
  el("pools").replaceChildren(...links);
  el("pools").hidden = links.length < 2;
}

/** Asks for a name until the region accepts one. */
function ask_name(matchpoint: Matchpoint): Promise<Session> {
  const input = el<HTMLInputElement>("name-input");
  const go = el<HTMLButtonElement>("name-go");
  show("name", input);
  return new Promise((resolve) => {
    el("name-form").onsubmit = async (event) => {
      event.preventDefault();
      const name = input.value.trim();
      input.setAttribute("aria-invalid", String(name === ""));
      if (name === "") {
        notice("Enter a name first. Any name will do.");
        input.focus();
        return;
      }
      go.disabled = true;
      try {
        const session = await matchpoint.guest(name);
        notice("");
        resolve(session);
      } catch (error) {
        notice(phrases.error(error));
      }
      go.disabled = false;
    };
  });
}

/** Connects to the edge that served the page; retries until it answers. */
async function connect_to_edge(): Promise<Matchpoint> {
  el("notice-close").onclick = () => notice("");
  for (;;) {
    try {
      const matchpoint = await Matchpoint.at(location.origin);
      notice("");
      return matchpoint;
    } catch (error) {
      notice(`${phrases.error(error)} The page keeps trying.`);
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }
}
