// The notes of moderators about a player.

import { make } from "../parts/dom.ts";
import { path } from "./api.ts";
import type { Page } from "./api.ts";
import { field_form } from "./attempt.ts";
import { announce, paged } from "./screen.ts";
import type { Context } from "./screen.ts";
import { id, panel, time } from "./view.ts";

type Note = { note: string; by: string; written: string; text: string };

/** Returns the panel of the notes, with a form for another one. */
export function notes({ operator, signal }: Context, who: string): HTMLElement {
  const at = path("/v1/players/", who, "/notes");
  const list = make("div");
  const refresh = () => {
    const read = async (cursor: string) => {
      const page = await operator.region<Page<"notes", Note>>(`${at}?limit=10${cursor}`, signal);
      return { items: page.notes, cursor: page.cursor ?? null };
    };
    list.replaceChildren(paged(signal, read, draw));
  };
  const field = make("textarea", { id: "note", "data-testid": "note", rows: "2", maxlength: "1000", required: "" }) as HTMLTextAreaElement;
  const form = field_form(field, "A new note, which only moderators read", "note-add", "Add", async (text) => {
    await operator.act("region", "POST", at, "", { text });
    field.value = "";
    announce("The note is added.");
    refresh();
  });
  refresh();
  return panel("Notes", "player-notes", form, list);
}

function draw(items: Note[]): Node {
  if (items.length === 0) return make("p", { class: "muted" }, "No note yet.");
  const one = ({ text, by, written }: Note) => make("li", {}, make("p", {}, text), make("p", { class: "muted" }, id(by), " ", time(written) ?? ""));
  return make("ol", { class: "notes" }, ...items.map(one));
}
