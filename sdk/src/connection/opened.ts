// Waits for a connection to open.

import { abortable } from "../events/abort.ts";
import type { CallOptions } from "../events/abort.ts";
import type { Store } from "../events/store.ts";
import { SessionLost } from "../session/tokens.ts";
import { ConnectionClosed } from "./closed.ts";
import type { ConnectionState } from "./socket.ts";

/** Waits until the connection is open. Throws `ConnectionClosed` or `SessionLost` if it stops instead. */
export function opened(connection: Store<ConnectionState>, { signal }: CallOptions = {}): Promise<void> {
  let off = () => {};
  const open = new Promise<void>((resolve, reject) => {
    off = connection.subscribe((state) => {
      if (state.is === "open") resolve();
      if (state.is === "stopped") reject(state.log_in ? new SessionLost(state.why) : new ConnectionClosed(state.code, state.why));
    });
  });
  return abortable(open, signal).finally(() => off());
}
