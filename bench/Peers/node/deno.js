// usage: deno run -A deno.js PORT
Deno.serve({
  hostname: '127.0.0.1',
  port: Number(Deno.args[0]),
  onListen: ({ port }) => console.log(`listening on 127.0.0.1:${port}`),
}, (request) => {
  if (request.headers.get('upgrade') !== 'websocket') return new Response('Hello, World!');
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = 'arraybuffer';
  socket.onmessage = (event) => socket.send(event.data);
  return response;
});
