// usage: node ws.mjs PORT
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { addStream } from './ticks.mjs';

const server = createServer((request, response) => {
  if (!request.url.startsWith('/ticks')) return response.end('Hello, World!');
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.on('close', addStream(request.url, (event) => response.write(event)));
});
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
