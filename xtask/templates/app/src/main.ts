// Two players wait in a queue, are matched, and talk. `?name=` is the name of a new player.

import { Matchpoint } from "@matchpoint/client";

/** The messages of this page. */
type Talk = { said: { text: string } };

const element = (id: string) => document.getElementById(id) as HTMLElement;
const name = new URLSearchParams(location.search).get("name") ?? "Guest";

const matchpoint = new Matchpoint({ url: import.meta.env["VITE_EDGE"] ?? "http://127.0.0.1:8787" });
(await matchpoint.restore()) ?? (await matchpoint.guest(name));
element("status").textContent = "Waiting for another player …";
const match = await matchpoint.queue("speed-dating");
const room = await matchpoint.room<Talk>(match.room);

room.members.subscribe((members) => {
  element("status").textContent = members.map(({ name, state }) => `${name}: ${state}`).join(", ");
});
room.on("changed", show);
show();

function show() {
  const said = room.view.events.flatMap((event) => (event.ev === "said" ? [event.body as Talk["said"]] : []));
  element("messages").replaceChildren(...said.map(({ text }) => Object.assign(document.createElement("li"), { textContent: text })));
}

const form = element("form") as HTMLFormElement;
form.hidden = false;
form.onsubmit = (event) => {
  event.preventDefault();
  void room.say({ text: String(new FormData(form).get("text")) });
  form.reset();
};
