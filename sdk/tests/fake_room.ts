// Sessions and rooms at the fake region, as the tests open them.

import { Room } from "../src/room/room.ts";
import type { SessionStore } from "../src/session/login_store.ts";
import { Session } from "../src/session/session.ts";
import type { SessionPlace } from "../src/session/login_tokens.ts";
import { last, settle } from "./fake.ts";

/** The fake region, with a storage of the device. */
export function place(store: SessionStore | null = null): SessionPlace {
  return { region: "http://region", store, platform: {} };
}

/** Signs a guest in. */
export function guest(name: string, store: SessionStore | null = null): Promise<Session> {
  return Session.guest(place(store), name);
}

/** Signs a guest in and opens a room. */
export async function enter(): Promise<Room> {
  const room = new Room("ws://edge/v1/rooms/m_1", "m_1", await guest("Ana"));
  await settle();
  last().welcome();
  return room;
}
