// A room that a test has opened at the fake region, welcomed and ready.

import { last, settle } from "./fake.ts";
import { Room } from "../src/room/room.ts";
import { Session } from "../src/session/session.ts";

/** Signs a guest in and opens a room. */
export async function enter(): Promise<Room> {
  const session = await Session.guest("http://region", "Ana", null);
  const room = new Room("ws://edge/v1/rooms/m_1", "m_1", session, {});
  await settle();
  last().welcome();
  return room;
}
