// Connections that components share: one for each session and name, open while a component uses it.

import type { Session } from "../session/session.ts";

type Shared = { value: unknown; users: number; close: () => void; closing: ReturnType<typeof setTimeout> | undefined };

const open = new WeakMap<Session, Map<string, Shared>>();

/**
 * Returns the connection with this name, opened by the first user; the returned function gives it back. It closes a moment after
 * the last user is gone, so that a component which React mounts twice, or moves, keeps one socket.
 */
export function acquire<T>(session: Session, name: string, make: () => T, close: (value: T) => void): [T, () => void] {
  const all = open.get(session) ?? new Map<string, Shared>();
  open.set(session, all);
  let shared = all.get(name);
  if (!shared) {
    const value = make();
    shared = { value, users: 0, close: () => close(value), closing: undefined };
    all.set(name, shared);
  }
  const used = shared;
  clearTimeout(used.closing);
  used.users += 1;
  const release = () => {
    used.users -= 1;
    if (used.users > 0) return;
    used.closing = setTimeout(() => {
      all.delete(name);
      used.close();
    });
  };
  return [used.value as T, release];
}
