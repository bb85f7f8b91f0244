// The client of a tree of components, and the stores that they read.

import { createContext, createElement, useCallback, useContext, useEffect, useState, useSyncExternalStore } from "react";
import type { ReactElement, ReactNode } from "react";
import type { Store } from "../events/store.ts";
import type { Matchpoint } from "../matchpoint.ts";
import type { Session } from "../session/session.ts";
import { acquire } from "./shared.ts";

const Context = createContext<Matchpoint | null>(null);

/** Gives the components inside the client. */
export function MatchpointProvider({ client, children }: { client: Matchpoint; children?: ReactNode }): ReactElement {
  return createElement(Context.Provider, { value: client }, children);
}

/** Returns the client of the provider around the component. */
export function useMatchpoint(): Matchpoint {
  const client = useContext(Context);
  if (!client) throw new Error("There is no client: put the component into a <MatchpointProvider client={…}>.");
  return client;
}

const nothing: Store<null> = { get: () => null, subscribe: () => () => {} };

/** Returns the value of a store, and renders again when it changes; `null` without a store. */
export function useStore<T>(store: Store<T> | null | undefined): T | null {
  const used: Store<T | null> = store ?? nothing;
  const subscribe = useCallback((run: () => void) => used.subscribe(run), [used]);
  const get = useCallback(() => used.get(), [used]);
  return useSyncExternalStore(subscribe, get, get);
}

/** Returns the session of the signed-in player; `null` before one signs in. */
export function useSession(): Session | null {
  return useStore(useMatchpoint().session);
}

/** Returns a connection that components share by its name; `null` until it is made, without a session, and without a name. */
export function useShared<T>(name: string | null, make: (client: Matchpoint) => T, close: (value: T) => void): T | null {
  const client = useMatchpoint();
  const session = useSession();
  const [value, set_value] = useState<T | null>(null);
  useEffect(() => {
    if (name === null || session === null) return;
    const [shared, release] = acquire(session, name, () => make(client), close);
    set_value(() => shared);
    return () => {
      set_value(null);
      release();
    };
    // The name stands for what `make` and `close` do.
  }, [client, session, name]);
  return value;
}
