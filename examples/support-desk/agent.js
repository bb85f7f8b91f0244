// An agent for billing: waits for a customer, reads the desk's note and the question, answers, and ends the conversation.

import { Matchpoint } from "@matchpoint/client";

const matchpoint = new Matchpoint({ url: process.env.EDGE ?? "http://127.0.0.1:8787" });
const desk = process.env.DESK ?? "http://127.0.0.1:8091";
const { player } = await matchpoint.adopt(await (await fetch(`${desk}/session?user=bo`, { method: "POST" })).json());

const wants = [{ attr: "topic", any_of: ["billing", "refunds"] }];
const match = await matchpoint.queue("support", { wants });
const room = await matchpoint.room(match.room);

let [note, question] = [null, null];
const read = () => {
  for (const { ev, by, body } of room.view.events) {
    if (ev !== "said" || by === player) continue;
    if (body.note) note = body.note;
    if (body.text) question = body.text;
  }
  return note !== null && question !== null;
};
if (!read()) for await (const _ of room.events()) if (read()) break;

console.log(note);
console.log(question);
await room.say({ text: "You have your money back." });
await room.end({ solved: true });
room.close();
