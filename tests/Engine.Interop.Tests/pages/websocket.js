// What the WebSockets Standard says of WebSocket, against handlers of the engine.
const at = (path) => `ws://${location.host}/ws/${path}`;

async function open(path, protocols) {
  const socket = new WebSocket(at(path), protocols);
  socket.binaryType = 'arraybuffer';
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('it did not open'));
  });
  return socket;
}

const closeOf = (event) => [event.code, event.reason, event.wasClean];

async function echo(socket, sent) {
  const received = next(socket, 'message');
  socket.send(sent);
  return (await received).data;
}

test('WebSocket: the constructor takes an address, and is connecting', () => {
  const socket = new WebSocket(at('echo'));
  same([socket.url, socket.readyState, socket.protocol, socket.extensions, socket.bufferedAmount, socket.binaryType], [at('echo'), 0, '', '', 0, 'blob']);
  socket.close();
});

test('WebSocket: addresses and protocols that are none throw', () => {
  throws('SyntaxError', () => new WebSocket('ftp://a/'));
  throws('SyntaxError', () => new WebSocket(`${at('echo')}#fragment`));
  throws('SyntaxError', () => new WebSocket(at('echo'), ['a', 'a']));
  throws('SyntaxError', () => new WebSocket(at('echo'), 'a b'));
});

test('WebSocket: a send before the opening throws', () => {
  const socket = new WebSocket(at('echo'));
  throws('InvalidStateError', () => socket.send('x'));
  socket.close();
});

test('WebSocket: text of every plane comes back', async () => {
  const socket = await open('echo');
  for (const text of ['', 'x', 'é€😀\u0000\u2028', 'a'.repeat(125), 'b'.repeat(126), 'ü'.repeat(65_536)]) same(await echo(socket, text), text);
  same(await echo(socket, 'a\ud800b'), 'a\ufffdb', 'half a pair');
  socket.close();
});

test('WebSocket: bytes of every kind of view come back', async () => {
  const socket = await open('echo');
  const bytes = Uint8Array.from({ length: 300 }, (_, index) => index);
  for (const [sent, expected] of [[bytes.buffer, bytes], [bytes, bytes], [bytes.subarray(10, 20), bytes.subarray(10, 20)], [new DataView(bytes.buffer, 5, 7), bytes.subarray(5, 12)], [new Blob([bytes]), bytes], [new ArrayBuffer(0), []]]) {
    same([...new Uint8Array(await echo(socket, sent))], [...expected]);
  }
  socket.binaryType = 'blob';
  const blob = await echo(socket, bytes);
  same([blob instanceof Blob, blob.size], [true, 300]);
  socket.close();
});

test('WebSocket: messages carry the origin of their server', async () => {
  const socket = await open('echo');
  const received = next(socket, 'message');
  socket.send('x');
  same((await received).origin, `ws://${location.host}`);
  socket.close();
});

test('WebSocket: a thousand messages keep their order', async () => {
  const socket = await open('echo');
  const seen = [];
  const done = new Promise((resolve) => {
    socket.onmessage = ({ data }) => seen.push(data) === 1000 && resolve();
  });
  for (let i = 0; i < 1000; i++) socket.send(`${i}`);
  await done;
  same(seen, Array.from({ length: 1000 }, (_, index) => `${index}`));
  socket.close();
});

test('WebSocket: a flood from the server comes whole and in order', async () => {
  const socket = new WebSocket(at('flood?count=5000'));
  let count = 0;
  socket.onmessage = ({ data }) => { if (data === `${count}`) count++; };
  same(closeOf(await next(socket, 'close')), [1000, 'done', true]);
  same(count, 5000);
});

test('WebSocket: the server chooses among the protocols', async () => {
  for (const [asked, chosen] of [['chat', 'chat'], [['superchat', 'chat'], 'superchat'], [['other', 'chat'], 'chat']]) {
    const socket = await open('protocols', asked);
    same(socket.protocol, chosen);
    socket.close();
  }
  same((await open('protocols')).protocol, '');
});

test('WebSocket: without a protocol in common there is no socket', async () => {
  const socket = new WebSocket(at('protocols'), 'other');
  const event = await next(socket, 'close');
  same(closeOf(event), [1006, '', false]);
});

test('WebSocket: close without a code is 1005', async () => {
  const socket = await open('echo');
  socket.close();
  same([socket.readyState, ...closeOf(await next(socket, 'close')), socket.readyState], [2, 1005, '', true, 3]);
});

test('WebSocket: code and reason of a close come back', async () => {
  for (const [code, reason] of [[1000, ''], [1000, 'done'], [3000, 'é😀'], [4999, 'x'.repeat(123)]]) {
    const socket = await open('echo');
    socket.close(code, reason);
    same(closeOf(await next(socket, 'close')), [code, reason, true]);
  }
});

test('WebSocket: codes and reasons that nobody may send throw', async () => {
  const socket = await open('echo');
  for (const code of [0, 999, 1001, 1005, 1006, 2999, 5000]) throws('InvalidAccessError', () => socket.close(code));
  throws('SyntaxError', () => socket.close(1000, 'é'.repeat(62)));
  same(socket.readyState, 1);
  socket.close();
});

test('WebSocket: code and reason of the server arrive', async () => {
  for (const [code, reason] of [[1000, ''], [1001, 'going'], [1008, 'policy'], [1011, 'failed'], [1013, 'later'], [3456, 'é😀'], [4000, 'x'.repeat(123)]]) {
    const socket = new WebSocket(at(`close?${query({ code: `${code}`, reason })}`));
    same(closeOf(await next(socket, 'close')), [code, reason, true]);
  }
});

test('WebSocket: what was sent before the close of the server arrives first', async () => {
  const socket = new WebSocket(at('close?code=1000&reason=&first=hello'));
  const order = [];
  socket.onmessage = ({ data }) => order.push(data);
  socket.onclose = () => order.push('close');
  await next(socket, 'close');
  same(order, ['hello', 'close']);
});

test('WebSocket: both may close at once', async () => {
  const socket = await open('close-on-message');
  socket.send('x');
  socket.close(3001, 'mine');
  same((await next(socket, 'close')).wasClean, true);
});

test('WebSocket: a connection that breaks is 1006', async () => {
  const socket = await open('abort');
  socket.send('x');
  same(closeOf(await next(socket, 'close')), [1006, '', false]);
});

test('WebSocket: a close while it connects is 1006', async () => {
  const socket = new WebSocket(at('echo'));
  socket.close();
  same([socket.readyState, ...closeOf(await next(socket, 'close'))], [2, 1006, '', false]);
});

test('WebSocket: what is sent behind a close is counted and not sent', async () => {
  const socket = await open('echo');
  const seen = [];
  socket.onmessage = ({ data }) => seen.push(data);
  socket.close();
  socket.send('12345');
  same(socket.bufferedAmount, 5);
  await next(socket, 'close');
  socket.send('678');
  same([socket.bufferedAmount, seen], [8, []]);
});

test('WebSocket: a refused handshake is an error and 1006', async () => {
  for (const path of ['refused', 'there-is-none']) {
    const socket = new WebSocket(at(path));
    const error = next(socket, 'error');
    const closed = next(socket, 'close');
    await error;
    same(closeOf(await closed), [1006, '', false]);
  }
});

test('WebSocket: the handshake tells origin and cookies', async () => {
  document.cookie = 'flavour=oat; path=/';
  const socket = new WebSocket(at('seen'));
  const seen = JSON.parse((await next(socket, 'message')).data);
  same([seen.origin, seen.cookie.includes('flavour=oat')], [location.origin, true]);
  socket.close();
});

test('WebSocket: compression is agreed on and changes no message', async () => {
  const socket = await open('deflate');
  same(socket.extensions.startsWith('permessage-deflate'), true);
  for (const text of ['', 'x', 'é'.repeat(50_000)]) same(await echo(socket, text), text);
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  same([...new Uint8Array(await echo(socket, bytes))], [...bytes]);
  socket.close();
});

test('WebSocket: a message past the limit of the server is 1009', async () => {
  const socket = await open('small');
  socket.send('x'.repeat(2000));
  same((await next(socket, 'close')).code, 1009);
});

test('WebSocket: bufferedAmount comes down to nothing', async () => {
  const socket = await open('echo');
  socket.send(new Uint8Array(1 << 20));
  same(socket.bufferedAmount, 1 << 20);
  await next(socket, 'message');
  same(socket.bufferedAmount, 0);
  socket.close();
});
