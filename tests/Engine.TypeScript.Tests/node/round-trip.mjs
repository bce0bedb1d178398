// node round-trip.mjs HOST:PORT: each message of the server, decoded and encoded, goes there and comes back; then each of ours.
import assert from "node:assert/strict";
import { once } from "node:events";
import WebSocket from "ws";
import { decode, encode, messages, nameOf, orderText, short } from "./messages.js";

const server = process.argv[2];
const samples = await (await fetch(`http://${server}/samples`)).json();
const socket = new WebSocket(`ws://${server}/shapes`);
await once(socket, "open");

async function exchange(text) {
  socket.send(text);
  const [answer] = await once(socket, "message");
  return answer.toString();
}

const lines = [];
for (const sample of samples) {
  lines.push(await exchange(encode(decode(JSON.stringify(sample)))));
}

for (const message of messages) {
  const answer = decode(await exchange(encode(message)));
  assert.deepEqual(answer, message);
  assert.ok(nameOf(answer));
}

const filled = decode(await exchange(encode(short)));
assert.equal(filled.named, "nobody");
assert.equal(filled.count, 5);
assert.equal("hint" in filled, false);
assert.equal(await exchange('{"type":"gaps","nullable":1}'), '"Malformed"');
assert.equal(await exchange('{"type":"nothing"}'), '"Unknown"');
assert.equal(JSON.parse(orderText).number, "7");

console.log([...lines, `round trips: ${samples.length} from .NET, ${messages.length} from node`].join("\n"));
socket.close();
