// The `ws` peer: rooms by path, one frame a message to each member. `node ws.mjs PORT`.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const rooms = new Map();
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
let last = 0;

sockets.on("connection", (socket, request) => {
  const name = request.url ?? "/";
  const room = rooms.get(name) ?? { members: new Set(), at: 0 };
  rooms.set(name, room);
  room.members.add(socket);
  const by = `p_${++last}`;
  socket.send(JSON.stringify({ ev: "welcome", at: room.at, you: by }));
  socket.on("message", (data) => {
    const { op, body } = JSON.parse(String(data));
    if (op !== "say") return;
    const text = JSON.stringify({ at: ++room.at, ev: "said", by, ts: Date.now(), body });
    for (const member of room.members) member.send(text);
  });
  socket.on("close", () => room.members.delete(socket));
});
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));
