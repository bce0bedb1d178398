// npm ws as a client. usage: node ws-client.mjs <url> <act> [argument...]
// Prints one JSON object a line for each thing that was observed; the test judges. Exit code 0 unless the client itself failed.
import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import WebSocket from 'ws';

const [url, act, ...rest] = process.argv.slice(2);
const say = (seen) => process.stdout.write(JSON.stringify(seen) + '\n');
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

const sizes = [0, 1, 125, 126, 1000, 65535, 65536, 70000, 1 << 20, 16 << 20];

// Four planes of Unicode, so that every length of UTF-8 sequence crosses a frame or segment border somewhere.
const alphabet = ['a', 'é', '€', '𝄞', '漢', 'ß', '😀'];
function text(characters) {
  let made = '';
  for (let i = 0; i < characters; i++) made += alphabet[i % alphabet.length];
  return made;
}

const acts = {
  async echo(socket) {
    const max = Number(rest[0] ?? 1 << 20);
    for (const size of sizes.filter((one) => one <= max)) {
      const sent = randomFillSync(Buffer.alloc(size));
      socket.send(sent);
      const [received, isBinary] = await once(socket, 'message');
      say({ kind: 'binary', bytes: size, isBinary, same: hash(sent) === hash(received) });
    }
    for (const characters of [0, 1, 40, 125, 5000, 30000]) {
      const sent = text(characters);
      socket.send(sent);
      const [received, isBinary] = await once(socket, 'message');
      say({ kind: 'text', characters, isBinary, same: received.toString('utf8') === sent });
    }
    socket.close(1000);
    await once(socket, 'close');
  },

  // One message sent as many fragments comes back as one message.
  async fragments(socket) {
    const count = Number(rest[0]);
    let whole = '';
    for (let i = 0; i < count; i++) {
      const piece = text(i % 9);
      whole += piece;
      socket.send(piece, { fin: i === count - 1, binary: false });
    }
    const [received] = await once(socket, 'message');
    say({ fragments: count, same: received.toString('utf8') === whole });
    socket.close(1000);
    await once(socket, 'close');
  },

  async flood(socket) {
    const count = Number(rest[0]);
    let next = 0;
    let inOrder = true;
    const done = new Promise((resolve) => {
      socket.on('message', (data) => {
        inOrder &&= data.toString() === `message ${next}`;
        if (++next === count) resolve();
      });
    });
    for (let i = 0; i < count; i++) socket.send(`message ${i}`);
    await done;
    say({ messages: next, inOrder });
    socket.close(1000);
    await once(socket, 'close');
  },

  async ping(socket) {
    for (const payload of ['', 'hello', 'x'.repeat(125)]) {
      socket.ping(payload);
      const [answer] = await once(socket, 'pong');
      say({ ping: payload.length, same: answer.toString() === payload });
    }
    socket.close(1000);
    await once(socket, 'close');
  },

  // close CODE REASON: the client begins; without a code it sends an empty close frame.
  async close(socket) {
    const [code, reason] = rest;
    if (code === 'none') socket.close();
    else socket.close(Number(code), reason);
    const [seenCode, seenReason] = await once(socket, 'close');
    say({ code: seenCode, reason: seenReason.toString() });
  },

  // ask TEXT: sends a text that makes the server close, and says how it did.
  async ask(socket) {
    socket.send(rest[0]);
    const [code, reason] = await once(socket, 'close');
    say({ code, reason: reason.toString() });
  },

  async offer(socket) {
    say({ protocol: socket.protocol, extensions: socket.extensions });
    socket.close(1000);
    await once(socket, 'close');
  },
};

const deflate = rest.includes('--deflate');
const protocols = act === 'offer' ? rest.filter((one) => !one.startsWith('--')) : [];
const socket = new WebSocket(url, protocols, { perMessageDeflate: deflate, maxPayload: 64 << 20, rejectUnauthorized: false });
socket.on('unexpected-response', (_, response) => {
  say({ refused: response.statusCode });
  process.exit(0);
});
socket.on('error', (error) => {
  say({ error: error.message });
  process.exit(1);
});
await once(socket, 'open');
await acts[act](socket);
