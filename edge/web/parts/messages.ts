// The message list of a room, in order and each message once.

import type { Json, Member, PendingMessage, View, WireRoomEvent } from "@matchpoint/client";
import { el, make, write } from "./dom.ts";
import * as phrases from "./phrases.ts";

/** The delivery marks of the player's own messages. */
const MARKS = {
  pending: ["…", "Not sent yet"],
  sent: ["✓", "Sent"],
  durable: ["✓✓", "Saved"],
} as const;
type Mark = keyof typeof MARKS;

/** Draws new messages and updates changed ones; the rest stays, so that screen readers do not repeat it. */
export function draw_messages(view: View, unsent: readonly PendingMessage[]): void {
  const list = el("messages");
  const log = el("log");
  const at_end = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const names = new Map(view.members.map((member: Member) => [member.player, member.name]));
  const wanted: [string, () => HTMLElement, Mark | null][] = [];
  if (view.missed) wanted.push(["missed", () => aside("Some messages from while you were away are missing here."), null]);
  for (const event of view.events) {
    const mine = event.by === view.you;
    const mark = mine && event.ev === "said" ? ((event.at ?? 0) <= view.durable ? "durable" : "sent") : null;
    wanted.push([`${view.position.epoch}.${event.at}`, () => drawn(event, mine, names), mark]);
  }
  for (const { key, body } of unsent) wanted.push([key, () => bubble(body, true, "You", null), "pending"]);

  const there = new Map([...list.children].map((child) => [(child as HTMLElement).dataset.key ?? "", child as HTMLElement]));
  let added = false;
  wanted.forEach(([key, draw, mark], index) => {
    let item = there.get(key);
    if (!item) {
      item = draw();
      item.dataset.key = key;
      added = true;
    }
    there.delete(key);
    if (mark) stamp(item, mark);
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  });
  for (const gone of there.values()) gone.remove();
  const last_is_mine = (list.lastElementChild as HTMLElement | null)?.dataset.own === "true";
  if (added && (at_end || last_is_mine)) log.scrollTop = log.scrollHeight;
}

function drawn(event: WireRoomEvent, mine: boolean, names: Map<string, string>): HTMLElement {
  const name = mine ? "You" : (names.get(event.by ?? "") ?? "Someone");
  const item = event.ev === "said" ? bubble(event.body ?? null, mine, name, event.ts ?? null) : aside(announcement(event.ev, name, mine));
  item.dataset.at = String(event.at);
  return item;
}

function bubble(body: Json, mine: boolean, name: string, ts: number | null): HTMLElement {
  const text = typeof body === "object" && body !== null && !Array.isArray(body) ? body.text : body;
  const meta = make("span", { class: "meta" });
  if (ts !== null) meta.append(make("time", { datetime: new Date(ts).toISOString() }, phrases.time(ts)));
  if (mine) meta.append(make("span", { class: "mark-safe", role: "img" }));
  return make(
    "li",
    { class: "bubble", "data-testid": "message", "data-own": String(mine) },
    make("span", { class: "visually-hidden" }, `${name}: `),
    make("p", { "data-testid": "message-text" }, typeof text === "string" ? text : JSON.stringify(text)),
    meta,
  );
}

function aside(text: string): HTMLElement {
  return make("li", { class: "aside", "data-testid": "aside" }, text);
}

function announcement(ev: string, name: string, mine: boolean): string {
  const is = mine ? "are" : "is";
  switch (ev) {
    case "joined":
      return `${name} ${is} here`;
    case "away":
      return `${name} lost the connection`;
    case "back":
      return `${name} ${is} back`;
    case "left":
      return `${name} left`;
    case "end_proposed":
      return `${name} proposed to end the match`;
    default:
      return "The match has ended";
  }
}

function stamp(item: HTMLElement, mark: Mark): void {
  if (item.dataset.mark === mark) return;
  item.dataset.mark = mark;
  const place = item.querySelector<HTMLElement>(".mark-safe");
  if (!place) return;
  const [sign, meaning] = MARKS[mark];
  write(place, sign);
  place.setAttribute("aria-label", meaning);
  place.title = meaning;
}
