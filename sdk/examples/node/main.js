// A program that waits in a queue, greets the player of its match, and ends with the first message of that player.
// EDGE is the address of the edge, NAME that of the player.

import { Matchpoint } from "@matchpoint/client";

const matchpoint = new Matchpoint({ url: process.env.EDGE ?? "http://127.0.0.1:8787" });
const { player } = await matchpoint.guest(process.env.NAME ?? "Ana");
const match = await matchpoint.queue(process.env.POOL ?? "speed-dating", {}, { signal: AbortSignal.timeout(60_000) });
const room = await matchpoint.room(match.room);

const said = (event) => event.ev === "said" && event.by !== player;
const heard = room.view.events.find(said) ?? (await first(room.events()));
console.log(heard.body.text);
await room.say({ text: `Goodbye from ${process.env.NAME}` });
room.close();

/** Greets, and waits for the other player's first message. */
async function first(events) {
  await room.say({ text: `Hello from ${process.env.NAME}` });
  for await (const event of events) if (said(event)) return event;
  throw new Error("The room closed before the other player said anything.");
}
