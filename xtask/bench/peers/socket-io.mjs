// The Socket.IO peer: rooms by query, `io.to(room).emit`. `node socket-io.mjs PORT`.
import { createServer } from "node:http";
import { Server } from "socket.io";

const server = createServer();
const io = new Server(server, { transports: ["websocket"], perMessageDeflate: false });
const heads = new Map();

io.on("connection", (socket) => {
  const room = String(socket.handshake.query.room);
  socket.join(room);
  socket.emit("welcome", { at: heads.get(room) ?? 0, you: socket.id });
  socket.on("say", (body) => {
    const at = (heads.get(room) ?? 0) + 1;
    heads.set(room, at);
    io.to(room).emit("said", { at, by: socket.id, ts: Date.now(), body });
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));
