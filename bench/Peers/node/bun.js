// usage: bun bun.js PORT [CERTIFICATE KEY]
import { addStream } from './ticks.mjs';

const [port, certificate, key] = process.argv.slice(2);

function events(request) {
  let remove;
  const body = new ReadableStream({
    start(controller) { remove = addStream(request.url, (event) => controller.enqueue(event)); },
    cancel() { remove(); },
  });
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(port),
  idleTimeout: 0,
  tls: certificate ? { cert: Bun.file(certificate), key: Bun.file(key) } : undefined,
  fetch(request, server) {
    if (server.upgrade(request)) return;
    return request.url.includes('/ticks') ? events(request) : new Response('Hello, World!');
  },
  websocket: { message(socket, message) { socket.send(message); } },
});
console.log(`listening on 127.0.0.1:${server.port}`);
