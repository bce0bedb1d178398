// The repository's own server as a child process, and a relay that breaks connections.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const program = ['Release', 'Debug'].map((kind) => path.join(root, 'conformance/TestServer/bin', process.env.TOPICS_CONFIGURATION ?? kind, 'net10.0/TestServer.dll')).find(existsSync);

/** npm's ws: Node 20 has no WebSocket of its own. */
export const WebSocket = createRequire(path.join(root, 'tests/Engine.Interop.Tests/node/package.json'))('ws').WebSocket;

export async function startServer(port = 0) {
  const child = spawn('dotnet', [program, '--port', `${port}`, '--loops', '2'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data) => { errors += data; });
  let output = '';
  for await (const data of child.stdout) {
    output += data;
    if (output.includes('\n')) break;
  }

  const found = /listening on .*:(\d+)/.exec(output);
  if (!found) throw new Error(`the server did not start: ${output}${errors}`);
  const end = async (signal) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
  };
  return { port: Number(found[1]), url: `http://127.0.0.1:${found[1]}/topics`, stop: () => end('SIGTERM'), kill: () => end('SIGKILL'), get errors() { return errors; } };
}

/** Passes bytes on to a port; can reset what is open, and refuse or swallow what comes. */
export async function startRelay(port) {
  const open = new Set();
  const relay = { count: 0, isDown: false, isMute: false };
  const server = net.createServer((from) => {
    if (relay.isDown) return from.destroy();
    relay.count++;
    const to = net.connect(port, '127.0.0.1');
    const both = [from, to];
    open.add(both);
    for (const [one, other] of [[from, to], [to, from]]) {
      one.on('data', (data) => relay.isMute || other.write(data));
      one.on('error', () => {});
      one.on('close', () => { open.delete(both); other.destroy(); });
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(relay, {
    url: `http://127.0.0.1:${server.address().port}/topics`,
    get openCount() { return open.size; },
    reset() { for (const [from, to] of open) from.resetAndDestroy(), to.resetAndDestroy(); },
    async close() { server.close(); relay.reset(); },
  });
}

/** The first so many messages of a subscription. */
export async function take(subscription, count) {
  const messages = [];
  if (count === 0) return messages;
  for await (const message of subscription) {
    messages.push(message);
    if (messages.length === count) break;
  }

  return messages;
}

export const until = (client, status) => new Promise((resolve) => {
  const off = client.on('status', (detail) => {
    if (detail.status !== status) return;
    queueMicrotask(() => off());
    resolve(detail);
  });
});

let topics = 0;
export const newTopic = (kind = 's') => `${kind}.${Date.now().toString(36)}.${++topics}`;
