// Tests of the hooks in React's StrictMode, which mounts every component twice, against the fake server.

import { deepEqual, equal, rejects } from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Window } from "happy-dom";
import type { Matchpoint, Room } from "../src/index.ts";
import { FakeServer } from "../src/test/index.ts";

const window = new Window();
Object.assign(globalThis, { window, document: window.document });
const { act: react_act, createElement: h, StrictMode } = await import("react");
const { createRoot } = await import("react-dom/client");
const { MatchpointProvider, useBoard, useMember, useModeState, usePresence, useQueue, useRoom, useSession, useView, useWhy } = await import("../src/react/index.ts");

/** Lets React do what the work causes, and checks only then that all of it happens here. */
async function act(work: () => void | Promise<void>): Promise<void> {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  try {
    await react_act(async () => work());
  } finally {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
  }
}

const running: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

/** Counts the sockets of a server by their paths. */
class CountingServer extends FakeServer {
  opened: string[] = [];
  closed: string[] = [];
  constructor() {
    super();
    const Socket = this.WebSocket;
    const { opened, closed } = this;
    this.WebSocket = class extends Socket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        opened.push(new URL(url).pathname);
      }
      override close(): void {
        super.close();
        closed.push(new URL(this.url).pathname);
      }
    };
    running.push(() => this.close());
  }
}

/** Renders a component in StrictMode; the returned functions read its text, and take it away. */
async function render(client: Matchpoint, component: () => string): Promise<{ text: () => string; unmount: () => Promise<void> }> {
  const element = document.createElement("div");
  const root = createRoot(element);
  await act(() => root.render(h(StrictMode, null, h(MatchpointProvider, { client }, h(() => h("p", null, component()))))));
  let mounted = true;
  const unmount = async () => {
    if (mounted) await act(() => root.unmount());
    mounted = false;
  };
  running.push(unmount);
  return { text: () => element.textContent ?? "", unmount };
}

/** Lets React and the server do what is due, until the condition holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !holds(); turn += 1) await act(() => new Promise<void>((done) => setImmediate(done)));
  equal(holds(), true);
}

test("a component that is mounted twice has one ticket and one socket, and leaves the queue when it is gone", async () => {
  const server = new CountingServer();
  const client = await server.player("Ana");
  const page = await render(client, () => `${useSession()?.name} ${useQueue("test", { attrs: {} }).state.is}`);
  await until(() => page.text() === "Ana queued");
  deepEqual(server.opened, ["/v1/lobbies/test"]);
  await page.unmount();
  await until(() => server.closed.length === 1);
  const bo = await server.player("Bo");
  // The ticket is gone: there is no player to be matched with.
  const alone = bo.queue("test", {}, { signal: AbortSignal.timeout(100) });
  await rejects(alone, { name: "TimeoutError" });
});

test("components share a room, and each part renders what it reads", async () => {
  const server = new CountingServer();
  const [client, bo] = await Promise.all([server.player("Ana"), server.player("Bo")]);
  const { id } = server.create_room(["p_1", "p_2"]);
  const part = (read: (room: Room | null) => unknown) => () => String(read(useRoom(id)));
  const texts = await render(client, part((room) => useView(room)?.events.filter(({ ev }) => ev === "said").length));
  const own = await render(client, part((room) => useMember(room)?.name));
  const other = await render(client, part((room) => useMember(room, "p_2")?.state));
  const board = await render(client, part((room) => (useBoard(room) as { turn?: { v: string } } | null)?.turn?.v));
  const state = await render(client, part((room) => useModeState(room)));
  await until(() => own.text() === "Ana" && texts.text() === "0");
  equal(other.text(), "expected");
  const room = await bo.room(id);
  running.push(() => room.close());
  await room.say("hi");
  await room.set({ turn: "p_2" });
  await until(() => texts.text() === "1" && other.text() === "here" && board.text() === "p_2");
  equal(state.text(), "null");
  deepEqual(server.opened, [`/v1/rooms/${id}`, `/v1/rooms/${id}`]);
});

test("presence shares the me socket, and a wait is explained", async () => {
  const server = new CountingServer();
  const client = await server.player("Ana");
  const presences = await render(client, () => `${usePresence("p_2")?.state} ${usePresence("p_3")?.state}`);
  const why = await render(client, () => `${useWhy(useQueue("test").lobby)?.waiting}`);
  await until(() => why.text() === "0");
  equal(presences.text(), "undefined undefined");
  deepEqual(server.opened.sort(), ["/v1/lobbies/test", "/v1/me"]);
});

test("a component outside of a provider says what is missing", async () => {
  const root = createRoot(document.createElement("div"), { onUncaughtError() {} });
  running.push(() => act(() => root.unmount()));
  await rejects(act(() => root.render(h(() => h("p", null, String(useSession()))))), /<MatchpointProvider/);
});
