// Socket.IO with its Redis adapter: each account is a room. node socketio_server.cjs PORT, with REDIS_URL.
const http = require("node:http");
const { Server } = require("socket.io");
const { createAdapter } = require("@socket.io/redis-adapter");
const { Redis } = require("ioredis");

const connection = () => new Redis(process.env.REDIS_URL);
const server = http.createServer();
const io = new Server(server, {
  transports: ["websocket"],
  adapter: createAdapter(connection(), connection()),
});

io.on("connection", (socket) => {
  socket.join(socket.handshake.query.account);
  socket.on("e", (payload) => socket.emit("e", payload));
});

server.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
