// A whole wait in a queue as one call: enters, answers proposals, and returns the match.

import { closed_error } from "../connection/closed.ts";
import type { ConnectionState } from "../connection/socket.ts";
import { on_abort } from "../events/abort.ts";
import type { CallOptions } from "../events/abort.ts";
import { Failure } from "../failure.ts";
import { Refused } from "../wire/refused.ts";
import type { Attrs } from "./criteria.ts";
import type { Lobby, LobbyOptions } from "./lobby.ts";
import type { Proposed, QueueState } from "./queue_state.ts";

/** A match that was made: its room, the other players, and the teams where there are teams. */
export type Match = { room: string; with: readonly string[]; teams?: readonly (readonly string[])[] };

/** The ticket left the queue without a match. */
export class NotMatched extends Failure {
  /** The reason, such as `waited_too_long`, `declined`, `no_answer` or `party_left`. */
  declare readonly reason: string;
  /** The time after which the player may enter again, where it is limited. */
  declare readonly after_ms: number | null;

  constructor(reason: string, after_ms: number | null) {
    super("NotMatched", `The ticket left the queue without a match: ${reason}.`, { reason, after_ms });
  }
}

/** Options of a wait. The signal withdraws the ticket. */
export type QueueOptions = CallOptions &
  Pick<LobbyOptions, "key"> & {
    /** Answers a proposed match; without it every match is accepted. */
    accept?: (proposed: Proposed) => boolean | Promise<boolean>;
    /** Receives each state of the wait. */
    changed?: (state: QueueState) => void;
  };

/**
 * Waits in a lobby until the player is matched, and closes the lobby then. Throws `Refused`, `NotMatched`, `ConnectionClosed` or
 * `SessionLost`, or the reason of the signal.
 */
export function wait_for_match<A extends Attrs>(lobby: Lobby<A>, { signal, accept = () => true, changed }: QueueOptions = {}): Promise<Match> {
  return new Promise<Match>((resolve, reject) => {
    let asked = "";
    let off = () => {};
    let off_abort = () => {};
    const settle = (run: () => void) => {
      off();
      off_abort();
      run();
    };
    const end = (run: () => void) => {
      lobby.close();
      settle(run);
    };
    const look = (state: QueueState) => {
      changed?.(state);
      if (state.is === "matched") end(() => resolve({ room: state.room, with: state.with, ...(state.teams && { teams: state.teams }) }));
      if (state.is === "out") {
        const error = why_out(state, lobby.connection.get());
        end(() => reject(error));
      }
      if (state.is !== "proposed" || state.match === asked || state.accepted) return;
      asked = state.match;
      answer(lobby, accept, state).catch((error: unknown) => settle(() => reject(error)));
    };
    off = lobby.state.subscribe(look);
    off_abort = on_abort(signal, () => {
      // The ticket is withdrawn if the network allows it; otherwise it expires by itself.
      if (lobby.connection.get().is === "open") void lobby.leave().catch(() => {});
      else lobby.close();
      settle(() => reject(signal?.reason));
    });
  });
}

async function answer<A extends Attrs>(lobby: Lobby<A>, accept: NonNullable<QueueOptions["accept"]>, proposed: Proposed): Promise<void> {
  try {
    if (await accept(proposed)) return lobby.accept();
  } catch (error) {
    void lobby.leave().catch(() => {});
    throw error;
  }
  await lobby.decline();
}

function why_out(state: QueueState & { is: "out" }, connection: ConnectionState): Error {
  if (state.refusal) return new Refused(state.refusal);
  if (connection.is !== "stopped") return new NotMatched(state.reason ?? state.why, state.after_ms ?? null);
  return closed_error(connection);
}
