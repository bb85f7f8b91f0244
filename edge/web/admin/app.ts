// The console: signs an operator in, and shows the screen that the address names.

import { Matchpoint } from "@matchpoint/client";
import type { Session } from "@matchpoint/client";
import { el, make, write } from "../parts/dom.ts";
import { Operator, problem } from "./api.ts";
import { audit } from "./audit.ts";
import { explorer } from "./explorer.ts";
import { now } from "./now.ts";
import { player } from "./player.ts";
import { queue } from "./queue.ts";
import { reports } from "./reports.ts";
import { room } from "./room.ts";
import type { Screen } from "./screen.ts";
import { sign_in } from "./sign_in.ts";
import { button, id, panel } from "./view.ts";

const SCREENS: Screen[] = [now, player, room, queue, reports, audit, explorer];
/** The wait before the page retries an edge that does not answer. */
const ASK_AGAIN_MS = 3_000;

void main();

async function main(): Promise<void> {
  el("skip").onclick = () => el("main").focus();
  const matchpoint = await connect();
  const tabs = SCREENS.map(({ name, title }) => make("a", { href: `#/${name}`, "data-testid": `tab-${name}` }, title));
  el("tabs").replaceChildren(...tabs);
  let session = await matchpoint.restore().catch(() => null);
  for (let reason = ""; ; reason = "") {
    session ??= await sign_in(matchpoint, el("main"), reason);
    await run(matchpoint, session);
    matchpoint.forget();
    session = null;
  }
}

/** Shows the screens until the operator signs out. */
async function run(matchpoint: Matchpoint, session: Session): Promise<void> {
  const operator = await Operator.of(matchpoint, session);
  const allowed = operator.scopes.size > 0;
  document.body.dataset.state = allowed ? "open" : "refused";
  el("operator").replaceChildren(id(session.player));
  for (const testid of ["operator", "sign-out"]) el(testid).hidden = false;
  el("tabs").hidden = !allowed;
  let leave = new AbortController();
  const show = () => {
    leave.abort();
    leave = new AbortController();
    if (allowed) void show_screen(operator, leave.signal);
    else refuse(session, el("main"));
  };
  addEventListener("hashchange", show);
  show();
  await new Promise<void>((resolve) => (el("sign-out").onclick = () => resolve()));
  removeEventListener("hashchange", show);
  leave.abort();
  await matchpoint.sign_out().catch(() => undefined);
  for (const testid of ["operator", "sign-out", "tabs"]) el(testid).hidden = true;
}

async function show_screen(operator: Operator, signal: AbortSignal): Promise<void> {
  const [, name = "", ...args] = location.hash.split("/").map(decodeURIComponent);
  const screen = SCREENS.find((one) => one.name === name) ?? now;
  for (const tab of el("tabs").querySelectorAll("a")) {
    const is_current = tab.getAttribute("href") === `#/${screen.name}`;
    tab.toggleAttribute("aria-current", false);
    if (!is_current) continue;
    tab.setAttribute("aria-current", "page");
    tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  document.title = `${screen.title} · Matchpoint console`;
  document.body.dataset.screen = screen.name;
  const heading = make("h1", { tabindex: "-1" }, args[0] ?? screen.title);
  const main = make("div", { class: "screen" });
  el("main").replaceChildren(heading, main);
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
  try {
    await screen.show({ operator, main, args, signal });
  } catch (error) {
    if (!signal.aborted) main.append(make("p", { class: "fault", role: "alert" }, problem(error)));
  }
}

/** Tells a player who is no operator what to do. */
function refuse(session: Session, main: HTMLElement): void {
  main.replaceChildren(
    make("h1", { tabindex: "-1" }, "You are not an operator"),
    panel(
      "What to do",
      "refused",
      make("p", {}, "Add this player to OPERATORS or MODERATORS in the region's configuration, then reload this page:"),
      make("p", {}, id(session.player)),
      button("Reload", "reload", () => location.reload(), "main"),
    ),
  );
}

/** Connects to the edge that served the page; retries until it answers. */
async function connect(): Promise<Matchpoint> {
  for (;;) {
    try {
      return await Matchpoint.at(location.origin);
    } catch (error) {
      write(el("main"), `${problem(error)} The page keeps trying.`);
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }
}
