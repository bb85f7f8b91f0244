// The actions in a room: say something by the operator's name, and end the room.

import { make } from "../parts/dom.ts";
import { path } from "./api.ts";
import { ask } from "./ask.ts";
import { field_form } from "./attempt.ts";
import { announce } from "./screen.ts";
import type { Context } from "./screen.ts";
import type { Inspection } from "./room.ts";
import { button, panel } from "./view.ts";

type Replies = { replies: ({ ok: unknown } | { err: { code: string; message?: string } })[] };

/** Returns the panel of actions; `refresh` looks into the room again. */
export function room_actions({ operator }: Context, seen: Inspection, refresh: () => void): HTMLElement {
  const send = async (reason: string, command: object) => {
    const { replies } = await operator.act<Replies>("edge", "POST", path("/v1/rooms/", seen.room, "/commands"), reason, command);
    const [reply] = replies;
    if (reply !== undefined && "err" in reply) throw new Error(reply.err.message ?? reply.err.code);
  };
  const field = make("input", { id: "say", "data-testid": "say", maxlength: "1000", autocomplete: "off", required: "" }) as HTMLInputElement;
  const form = field_form(field, "Say to all members, by your name", "say-go", "Say", async (text) => {
    await send("", { op: "say", key: crypto.randomUUID(), body: { text } });
    announce("Said.");
    refresh();
  });
  const end = async () => {
    const question = { title: "End the room", text: "The room ends for all members at once. A match of a mode is not rated.", yes: "End" };
    if (await ask(question, (reason) => send(reason, { op: "end", key: crypto.randomUUID() }))) refresh();
  };
  const row = make("div", { class: "row" }, button("End the room…", "end", end, "danger"), button("Look again", "look-again", refresh));
  if (seen.phase === "over") return panel("Actions", "room-actions", make("p", { class: "muted" }, "The room is over."), button("Look again", "look-again", refresh));
  return panel("Actions", "room-actions", form, row);
}
