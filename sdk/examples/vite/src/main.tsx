// A page that waits in a queue, and talks to the player of its match. `?edge=` is the address of the edge.

import { Matchpoint } from "@matchpoint/client";
import { MatchpointProvider, useMember, useQueue, useRoom, useView } from "@matchpoint/client/react";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";

/** The messages of this page. */
type Talk = { said: { text: string } };

const query = new URLSearchParams(location.search);
const client = new Matchpoint({ url: query.get("edge") ?? "http://127.0.0.1:8787" });
await client.guest(query.get("name") ?? "Ana");

function Page() {
  const { state } = useQueue(query.get("pool") ?? "speed-dating");
  const [room, set_room] = useState<string | null>(null);
  if (state.is === "matched" && room === null) set_room(state.room);
  return room === null ? <p data-testid="queue">{state.is}</p> : <Room id={room} />;
}

function Room({ id }: { id: string }) {
  const room = useRoom<Talk>(id);
  const view = useView(room);
  const me = useMember(room);
  const others = view?.members.filter(({ player }) => player !== view.you) ?? [];
  return (
    <main>
      <h1 data-testid="me">{me?.name}</h1>
      <p data-testid="other">{others.map(({ name, state }) => `${name} ${state}`).join()}</p>
      <ul>
        {view?.events.map((event) => event.ev === "said" && <li key={event.at} data-testid="said">{text(event.body)}</li>)}
      </ul>
      <form action={(form) => void room?.say({ text: String(form.get("text")) })}>
        <input name="text" data-testid="text" aria-label="Message" />
      </form>
    </main>
  );
}

function text(body: unknown): string {
  return (body as Talk["said"]).text;
}

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <MatchpointProvider client={client}>
      <Page />
    </MatchpointProvider>
  </StrictMode>,
);
