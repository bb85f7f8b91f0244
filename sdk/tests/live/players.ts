// Players of a real deployment, as the live tests need them: EDGE is its address.

import { Matchpoint } from "../../src/index.ts";
import type { Match, Room, RoomTypes, Store } from "../../src/index.ts";

/** Everything in the live tests has this long. */
export const PATIENCE_MS = 30_000;

/** The rooms that a test has opened, to be closed after it. */
const opened: { close(): void }[] = [];

/** Closes what a test has opened. */
export function close_all(): void {
  for (const one of opened.splice(0)) one.close();
}

/** Has something closed after the test. */
export function keep<T extends { close(): void }>(one: T): T {
  opened.push(one);
  return one;
}

/** Signs a guest in. */
export async function guest(name: string): Promise<Matchpoint> {
  const matchpoint = new Matchpoint({ url: process.env.EDGE ?? "http://127.0.0.1:8787", storage: null });
  await matchpoint.guest(name);
  return matchpoint;
}

export const patience = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(PATIENCE_MS) });

/** Matches two guests in a pool, and opens their room for both. */
export async function two<T extends RoomTypes = object>(pool: string): Promise<[Room<T>, Room<T>]> {
  const players = await Promise.all([guest("Ana"), guest("Bo")]);
  const matches = await Promise.all(players.map((player) => player.queue(pool, {}, patience())));
  const rooms = players.map((player, index) => player.room<T>((matches[index] as Match).room, patience()));
  const [ana, bo] = await Promise.all(rooms);
  return [keep(ana as Room<T>), keep(bo as Room<T>)];
}

/** Waits until a store has a value that fits. */
export function until<T>(store: Store<T>, fits: (value: T) => boolean): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not in ${PATIENCE_MS} ms; it is ${JSON.stringify(store.get())}`)), PATIENCE_MS);
    const off = store.subscribe((value) => {
      if (!fits(value)) return;
      clearTimeout(timer);
      queueMicrotask(() => off());
      resolve(value);
    });
  });
}
