// Checks of the types alone, which the compiler runs: what an application may write, and what it may not.

import type { ConnectFour, HttpProblem, Json, Matchpoint, Refused, Store } from "../src/index.ts";

type Talk = { said: { text: string }; board: { turn: string; score: number } };
type Player = { lang: string; level: number; tags: string[] };

/** Uses the client as an application does; it is never called. */
export async function check(client: Matchpoint, { code }: Refused, problem: HttpProblem): Promise<void> {
  const room = await client.room<Talk & ConnectFour>("m_1");
  await (await room.say({ text: "hi" }).durable).at.toFixed();
  // @ts-expect-error A message has a text.
  void room.say("hi");
  void room.set({ turn: "p_1", score: null }, { if_at: 3 });
  // @ts-expect-error A score is a number.
  void room.set({ score: "3" });
  void room.move({ drop: 3 });
  // @ts-expect-error A column is a number.
  void room.move({ drop: "d" });
  room.on("said", ({ by, body }) => by.concat(body.text));
  room.on("moved", ({ state }) => state.turn);
  // @ts-expect-error There is no such event.
  room.on("shouted", () => {});
  for await (const event of room.events()) if (event.ev === "left") event.body.reason satisfies string;
  const board: Store<{ readonly turn?: { v: string; at: number } }> = room.board;
  board.get().turn?.v satisfies string | undefined;
  room.state.get()?.clock satisfies object | undefined;

  const open = await client.room("m_2");
  void open.say([1, { any: null }]);
  open.state satisfies Store<unknown>;
  void open.set({ any: 1, other: null });
  open.board.get().any?.v satisfies Json | undefined;

  void client.queue<Player>("ranked", {
    attrs: { lang: "en", tags: ["casual"] },
    wants: [{ attr: "level", within: 3, relax: { after_s: 10, to: 9 } }, { attr: "lang", any_of: ["en", "de"] }, { attr: "tags", shares: true }, { attr: "rating", between: [1_000, 1_200] }],
  });
  // @ts-expect-error There is no such attribute.
  void client.queue<Player>("ranked", { wants: [{ attr: "size", is: 3 }] });
  // @ts-expect-error A language has no distance.
  void client.queue<Player>("ranked", { wants: [{ attr: "lang", within: 3 }] });

  code satisfies "too_fast" | "illegal" | string;
  // @ts-expect-error There is no such code.
  if (code === "never_heard_of") return;
  if (problem.code === "version_changed" || problem.code === "unknown") return;
}
