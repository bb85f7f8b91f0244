// Hooks for React: a session, a queue, a room and its parts, presence.

import { useEffect, useMemo, useState } from "react";
import type { Attrs, Criteria } from "../lobby/criteria.ts";
import type { Lobby } from "../lobby/lobby.ts";
import type { QueueState } from "../lobby/queue_state.ts";
import { Me } from "../presence/me.ts";
import type { PresenceAt } from "../presence/me.ts";
import type { Board, Part, RoomTypes } from "../room/events.ts";
import type { Room, RoomOptions } from "../room/room.ts";
import type { View } from "../room/view.ts";
import type { Member, Why } from "../wire/wire.ts";
import { useShared, useStore } from "./context.ts";

export { MatchpointProvider, useMatchpoint, useSession, useStore } from "./context.ts";

/** A wait in a queue: the lobby, and its state. */
export type Queue<A extends Attrs = Attrs> = { lobby: Lobby<A> | null; state: QueueState };

const IDLE: QueueState = { is: "idle" };

/**
 * Waits in the queue of a pool while the component is mounted; without a pool, does not. Other criteria are another ticket.
 * Leaves the queue when the component is gone, unless the player is matched.
 */
export function useQueue<A extends Attrs = Attrs>(pool: string | null, criteria: Criteria<A> = {}): Queue<A> {
  const name = pool === null ? null : `lobby ${pool} ${JSON.stringify(criteria)}`;
  const lobby = useShared(
    name,
    (client) => client.open_lobby<A>(pool ?? "", criteria),
    (lobby) => {
      if (lobby.state.get().is === "matched") lobby.close();
      else void lobby.leave().catch(() => {});
    },
  );
  return { lobby, state: useStore(lobby?.state) ?? IDLE };
}

/** Returns why the player still waits, asked again every `every_ms`; `null` while the player is not queued. */
export function useWhy(lobby: Lobby | null, every_ms = 5_000): Why | null {
  const [why, set_why] = useState<Why | null>(null);
  const is_queued = useStore(lobby?.state)?.is === "queued";
  useEffect(() => {
    if (!lobby || !is_queued) return;
    const controller = new AbortController();
    const ask = () => lobby.why({ signal: controller.signal }).then(set_why, () => {});
    void ask();
    const timer = setInterval(ask, every_ms);
    return () => {
      clearInterval(timer);
      controller.abort();
      set_why(null);
    };
  }, [lobby, is_queued, every_ms]);
  return why;
}

/** Returns a room, which is open while components use it; `null` without an id, and before it is made. It is not left at the end. */
export function useRoom<T extends RoomTypes = object>(id: string | null, options?: RoomOptions): Room<T> | null {
  const name = id === null ? null : `room ${id} ${options?.watch === true}`;
  return useShared(name, (client) => client.open_room<T>(id ?? "", options), close);
}

/** Returns the view of a room: its members, events, board and phase. */
export function useView(room: Room | null): View | null {
  return useStore(useMemo(() => room?.select((view) => view), [room]));
}

/** Returns a member of a room; the player's own without an id. */
export function useMember(room: Room | null, player?: string): Member | null {
  const store = useMemo(() => room?.select(({ members, you }) => members.find((member) => member.player === (player ?? you)) ?? null), [room, player]);
  return useStore(store);
}

/** Returns the board of a room. */
export function useBoard<T extends RoomTypes>(room: Room<T> | null): Board<Part<T, "board">> | null {
  return useStore(room?.board);
}

/** Returns the match in a room, as the player may see it. */
export function useModeState<T extends RoomTypes>(room: Room<T> | null): Part<T, "state"> | null {
  return useStore(room?.state);
}

/** Returns the presence of a followed player; `null` while it is unknown. */
export function usePresence(player: string): PresenceAt | null {
  const me = useShared("me", (client) => new Me(client), close);
  return useStore(me?.presences)?.get(player) ?? null;
}

function close(shared: { close: () => void }): void {
  shared.close();
}
