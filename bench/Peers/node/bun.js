// usage: bun bun.js PORT
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  fetch(request, server) {
    if (server.upgrade(request)) return;
    return new Response('Hello, World!');
  },
  websocket: { message(socket, message) { socket.send(message); } },
});
console.log(`listening on 127.0.0.1:${server.port}`);
