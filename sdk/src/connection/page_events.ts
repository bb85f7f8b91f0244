// The events of the page and its network that concern a connection. Outside of browsers there are none.

/** The reactions of a connection to changes of the page and its network. */
export type PageListener = {
  on_online: () => void;
  on_offline: () => void;
  /** The page is visible again, perhaps after a long time without timers. */
  on_visible: () => void;
};

/** Returns whether the page is hidden; its timers then ring late. */
export function is_hidden(): boolean {
  return globalThis.document?.visibilityState === "hidden";
}

/** Listens to the page; the returned function stops that. */
export function listen({ on_online, on_offline, on_visible }: PageListener): () => void {
  const on_visibility = () => {
    if (!is_hidden()) on_visible();
  };
  const all: [EventTarget | undefined, string, () => void][] = [
    [globalThis, "online", on_online],
    [globalThis, "offline", on_offline],
    // A page that comes back from the back/forward cache.
    [globalThis, "pageshow", on_visibility],
    [globalThis.document, "visibilitychange", on_visibility],
  ];
  for (const [target, event, run] of all) target?.addEventListener?.(event, run);
  return () => all.forEach(([target, event, run]) => target?.removeEventListener?.(event, run));
}
