// The outcome of a command whose reply was lost, as the room and its close code show it.

import { canonical } from "../wire/canonical.ts";
import { Refused } from "../wire/refused.ts";
import type { Entry, Ok } from "../connection/outbox.ts";
import type { Stopped } from "../connection/socket.ts";
import type { View } from "./view.ts";

/** The player has no seat: after `leave`, the room does not admit the player again. */
const NO_SEAT: readonly number[] = [4000, 4005];
/** The room is over, or no longer exists, and all seats with it. */
const NO_ROOM: readonly number[] = [4007, 4011];

/**
 * Returns the result or the refusal of a command, or `null` if it is unknown. `made_at` is the position of the event that
 * a `say` or a `move` made; null if it certainly made none, undefined if that is unknown.
 */
export function outcome({ command, sent }: Entry, { code }: Stopped, view: View, made_at?: number | null): Ok | Error | null {
  if (typeof made_at === "number") return { at: made_at };
  switch (command.op) {
    case "leave":
      return (sent && NO_SEAT.includes(code)) || NO_ROOM.includes(code) ? {} : null;
    case "end":
      if (view.ended === null) return null;
      if (sent && (view.ended.by === view.you || is_agreed(command.body, view))) return {};
      return room_over();
    case "move":
      // The view holds every event up to the end, and no move comes after it.
      return view.ended !== null && made_at === null ? room_over() : null;
    default:
      return null;
  }
}

/** Returns whether all members stated this result, and the room ended with it. */
function is_agreed(body: unknown, { ended }: View): boolean {
  return ended?.reason === "agreed" && canonical(ended.result) === canonical(body ?? null);
}

function room_over(): Refused {
  return new Refused({ code: "room_over", retry: false, message: "The room has ended already." });
}
