// A date in three steps: wait, agree to meet, talk. A room opens only once both have accepted.
// `?name=Ana&languages=en,de` is the person.

import { Matchpoint, NotMatched } from "@matchpoint/client";
import type { Proposed, QueueState } from "@matchpoint/client";

/** The attributes of a person in the queue, and the messages of a date. */
type Person = { languages: string[] };
type Talk = { said: { text: string } };

const element = (id: string) => document.getElementById(id) as HTMLElement;
const query = new URLSearchParams(location.search);
const languages = (query.get("languages") ?? "en").split(",");

const matchpoint = new Matchpoint({ url: import.meta.env["VITE_EDGE"] ?? "http://127.0.0.1:8787" });
(await matchpoint.restore()) ?? (await matchpoint.guest(query.get("name") ?? "Guest"));

try {
  const criteria = { attrs: { languages }, wants: [{ attr: "languages", shares: true } as const] };
  const match = await matchpoint.queue<Person>("blind-date", criteria, { accept: ask, changed: show_wait });
  await talk(match.room);
} catch (error) {
  if (!(error instanceof NotMatched)) throw error;
  const wait = error.after_ms === null ? "" : ` You may look again in ${Math.ceil(error.after_ms / 1000)} s.`;
  element("status").textContent = `No date this time.${wait}`;
}

/** Shows the proposal, and returns the answer. Without one in time the queue takes it for a refusal. */
function ask(_proposed: Proposed): Promise<boolean> {
  return new Promise((answer) => {
    element("accept").onclick = () => answer(true);
    element("decline").onclick = () => answer(false);
  });
}

function show_wait(state: QueueState): void {
  element("proposal").hidden = state.is !== "proposed" || state.accepted;
  if (state.is === "queued") element("status").textContent = "Looking for a person who speaks your language …";
  if (state.is === "proposed") element("status").textContent = state.accepted ? "Waiting for the other answer …" : "A person is there.";
}

async function talk(id: string): Promise<void> {
  const room = await matchpoint.room<Talk>(id);
  room.members.subscribe((members) => {
    element("status").textContent = members.map(({ name, state }) => `${name}: ${state}`).join(", ");
  });
  const show = () => {
    const said = room.view.events.flatMap((event) => (event.ev === "said" ? [event.body as Talk["said"]] : []));
    element("messages").replaceChildren(...said.map(({ text }) => Object.assign(document.createElement("li"), { textContent: text })));
  };
  room.on("changed", show);
  show();
  const form = element("form") as HTMLFormElement;
  form.hidden = false;
  form.onsubmit = (event) => {
    event.preventDefault();
    void room.say({ text: String(new FormData(form).get("text")) });
    form.reset();
  };
}
