// The outcome of a command whose reply was lost, as the room and its close code show it.

import { Refused } from "./frames.ts";
import type { Entry } from "./outbox.ts";
import type { Ok } from "./sender.ts";
import type { Stopped } from "./socket.ts";
import type { View } from "./view.ts";

/** The player has no seat: after `leave`, the room does not admit the player again. */
const NO_SEAT: readonly number[] = [4000, 4005];
/** The room is over, or no longer exists, and all seats with it. */
const NO_ROOM: readonly number[] = [4007, 4011];

/**
 * Returns the result or the refusal of a command, or `null` if it is unknown. `said_at` is the position of the event that
 * a `say` made, if it is in the view.
 */
export function outcome({ command, sent }: Entry, { code }: Stopped, view: View, said_at?: number): Ok | Error | null {
  if (said_at !== undefined) return { at: said_at };
  switch (command.op) {
    case "leave":
      return (sent && NO_SEAT.includes(code)) || NO_ROOM.includes(code) ? {} : null;
    case "end":
      if (view.ended === null) return null;
      if (sent && view.ended.by === view.you) return {};
      return new Refused({ code: "room_over", retry: false, message: "The room has ended already." });
    default:
      return null;
  }
}
