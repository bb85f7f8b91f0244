// A fake server for the tests of applications.

export { FakeServer } from "./server.ts";
export type { FakeServerOptions } from "./server.ts";
export type { FakePool } from "./lobby.ts";
export { Log } from "./log.ts";
export type { LogEntry, NewEvent } from "./log.ts";
export { FakeRoom } from "./room.ts";
export type { FakeGame } from "./room.ts";
export { FakeSocket } from "./socket.ts";
export type { Host, Received, Told } from "./socket.ts";
export type * from "../wire/wire.ts";
