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
  globalThis.addEventListener?.("online", on_online);
  globalThis.addEventListener?.("offline", on_offline);
  // A page that comes back from the back/forward cache.
  globalThis.addEventListener?.("pageshow", on_visibility);
  globalThis.document?.addEventListener("visibilitychange", on_visibility);
  return () => {
    globalThis.removeEventListener?.("online", on_online);
    globalThis.removeEventListener?.("offline", on_offline);
    globalThis.removeEventListener?.("pageshow", on_visibility);
    globalThis.document?.removeEventListener("visibilitychange", on_visibility);
  };
}
