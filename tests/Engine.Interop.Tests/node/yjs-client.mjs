// npm yjs with y-websocket. usage: node yjs-client.mjs <ws url>
// Prints one JSON object a line for each thing that was observed; the test judges.
import WebSocket from 'ws';
import * as Y from 'yjs';
import { WebsocketProvider } from 'y-websocket';

const say = (seen) => process.stdout.write(JSON.stringify(seen) + '\n');
const until = async (isTrue) => {
  const end = performance.now() + 20_000;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`never: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
const open = async () => {
  const document = new Y.Doc();
  const provider = new WebsocketProvider(process.argv[2], 'room one', document, { WebSocketPolyfill: WebSocket, disableBc: true, maxBackoffTime: 200 });
  await until(() => provider.synced);
  return { document, provider, text: document.getText('text') };
};

const ann = await open();
ann.text.insert(0, 'hello');
const bob = await open();
await until(() => bob.text.toString() === 'hello');
say({ kind: 'late', text: bob.text.toString() });

// Both type at once, 200 characters each, at both ends.
for (let i = 0; i < 200; i++) {
  ann.text.insert(0, 'a');
  bob.text.insert(bob.text.length, 'b');
}
await until(() => ann.text.length === 405 && bob.text.length === 405);
say({ kind: 'together', same: ann.text.toString() === bob.text.toString() });

ann.provider.awareness.setLocalState({ name: 'ann' });
await until(() => [...bob.provider.awareness.getStates().values()].some((state) => state.name === 'ann'));
const carl = await open();
await until(() => [...carl.provider.awareness.getStates().values()].some((state) => state.name === 'ann'));
say({ kind: 'awareness', same: carl.text.toString() === ann.text.toString() });

// One is cut off, writes on, and comes back; so do the others meanwhile.
carl.provider.disconnect();
carl.text.insert(0, 'offline ');
ann.text.insert(0, 'online ');
carl.provider.connect();
await until(() => [ann, bob, carl].every(({ text }) => text.length === 420));
say({ kind: 'offline', same: new Set([ann, bob, carl].map(({ text }) => text.toString())).size === 1 });

// A document of a megabyte, for one who comes late.
ann.document.getText('large').insert(0, 'x'.repeat(1 << 20));
await until(() => bob.document.getText('large').length === 1 << 20);
const dora = await open();
await until(() => dora.document.getText('large').length === 1 << 20);
say({ kind: 'large', same: dora.text.toString() === ann.text.toString() });
for (const { provider, document } of [ann, bob, carl, dora]) {
  provider.destroy();
  document.destroy();
}
