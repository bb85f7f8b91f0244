// A customer: waits for an agent, asks, and prints what is said until the agent ends the conversation.

import { Matchpoint } from "@matchpoint/client";

const matchpoint = new Matchpoint({ url: process.env.EDGE ?? "http://127.0.0.1:8787" });
const desk = process.env.DESK ?? "http://127.0.0.1:8091";
const { player } = await matchpoint.adopt(await (await fetch(`${desk}/session?user=ana`, { method: "POST" })).json());

const wants = [{ attr: "tier", is: "agent" }];
const match = await matchpoint.queue("support", { attrs: { topic: "billing" }, wants });
const room = await matchpoint.room(match.room);
room.on("said", ({ by, body }) => by !== player && body.text && console.log(body.text));
room.on("ended", () => room.close());
await room.say({ text: "I was charged twice." });
