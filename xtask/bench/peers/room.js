// The bare JavaScript room: a Durable Object with hibernation, one frame a message, no guarantees.
import { DurableObject } from "cloudflare:workers";

export default {
  fetch(request, env) {
    const name = new URL(request.url).pathname;
    return env.ROOM.get(env.ROOM.idFromName(name)).fetch(request);
  },
};

export class Room extends DurableObject {
  at = 0;
  last = 0;

  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment({ by: `p_${++this.last}` });
    server.send(JSON.stringify({ ev: "welcome", at: this.at }));
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage(socket, data) {
    const { op, body } = JSON.parse(data);
    if (op !== "say") return;
    const { by } = socket.deserializeAttachment();
    const text = JSON.stringify({ at: ++this.at, ev: "said", by, ts: Date.now(), body });
    for (const member of this.ctx.getWebSockets()) member.send(text);
  }

  webSocketClose(socket, code) {
    socket.close(code === 1005 || code === 1006 ? 1000 : code);
  }
}
