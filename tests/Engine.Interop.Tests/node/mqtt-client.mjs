// npm mqtt (MQTT 5 over WebSocket). usage: node mqtt-client.mjs <ws url>
// Prints one JSON object a line for each thing that was observed; the test judges.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import mqtt from 'mqtt';
import WebSocket from 'ws';

const url = process.argv[2];
const say = (seen) => process.stdout.write(JSON.stringify(seen) + '\n');
const connect = (options) => mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...options });

const ann = await connect();
await ann.publishAsync('rooms/retained', 'kept for those who come late', { qos: 1, retain: true });

const bob = await connect();
const arrived = [];
let wake = () => {};
bob.on('message', (topic, payload) => {
  arrived.push({ topic, payload });
  wake();
});
const next = async (topic) => {
  for (;;) {
    const at = arrived.findIndex((one) => one.topic === topic);
    if (at >= 0) return arrived.splice(at, 1)[0].payload;
    await new Promise((resolve) => { wake = resolve; });
  }
};
await bob.subscribeAsync('rooms/#', { qos: 2 });
say({ kind: 'retained', text: (await next('rooms/retained')).toString() });

// Of every size up to some kilobytes.
const sent = [];
for (let i = 0; i < 1000; i++) sent.push(ann.publishAsync('rooms/many', `${i} ${'x'.repeat((i * 37) % 5000)}`, { qos: 1 }));
await Promise.all(sent);
let inOrder = 0;
for (let i = 0; i < 1000; i++) if ((await next('rooms/many')).toString().split(' ')[0] === `${i}`) inOrder++;
say({ kind: 'messages', inOrder });

const large = randomBytes(3 << 20);
await ann.publishAsync('rooms/large', large, { qos: 2 });
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');
say({ kind: 'large', same: digest(await next('rooms/large')) === digest(large) });

const carl = await connect({ will: { topic: 'rooms/will', payload: Buffer.from('gone'), qos: 1 } });
carl.stream.destroy();
say({ kind: 'will', text: (await next('rooms/will')).toString() });
await Promise.all([ann.endAsync(), bob.endAsync()]);

const text = new WebSocket(url, 'mqtt');
await once(text, 'open');
text.send('not a packet');
say({ kind: 'text', code: (await once(text, 'close'))[0] });

const other = new WebSocket(url, 'something-else');
const [, response] = await once(other, 'unexpected-response');
say({ kind: 'other', status: response.statusCode });
response.resume();
other.on('error', () => {});
other.terminate();
