// usage: bun bun.js PORT [CERTIFICATE KEY]
import { addStream, startTicking } from './ticks.mjs';

const [port, certificate, key] = process.argv.slice(2);

function events(request) {
  let remove;
  const body = new ReadableStream({
    start(controller) { remove = addStream(request.url, (event) => controller.enqueue(event)); },
    cancel() { remove(); },
  });
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
}

// WebSockets of /fanout listen to one of the first one's ?topics, in turn.
let topics, listeners = 0;

function join(url) {
  if (!topics) {
    const query = new URL(url).searchParams;
    topics = Array.from({ length: Number(query.get('topics') ?? 1) }, (_, i) => `topic.${i}`);
    const isCompressed = query.has('deflate');
    startTicking(query, (message) => { for (const topic of topics) server.publish(topic, message, isCompressed); });
  }
  return topics[listeners++ % topics.length];
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(port),
  idleTimeout: 0,
  tls: certificate ? { cert: Bun.file(certificate), key: Bun.file(key) } : undefined,
  fetch(request, server) {
    if (request.url.includes('/fanout')) return void server.upgrade(request, { data: { topic: join(request.url) } });
    if (server.upgrade(request)) return;
    return request.url.includes('/ticks') ? events(request) : new Response('Hello, World!');
  },
  websocket: {
    perMessageDeflate: true,
    open(socket) { if (socket.data?.topic) socket.subscribe(socket.data.topic); },
    message(socket, message) { socket.send(message, false); },
  },
});
console.log(`listening on 127.0.0.1:${server.port}`);
