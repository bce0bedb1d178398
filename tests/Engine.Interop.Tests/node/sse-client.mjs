// npm eventsource as a client. usage: node sse-client.mjs <url> <count> [event type...]
// Prints one JSON object a line for each event and each connection state; ends after <count> events.
import { EventSource } from 'eventsource';

const [url, count, ...types] = process.argv.slice(2);
const say = (seen) => process.stdout.write(JSON.stringify(seen) + '\n');

let seen = 0;
const source = new EventSource(url);
function onEvent(event) {
  say({ type: event.type, id: event.lastEventId, data: event.data });
  if (++seen === Number(count)) source.close();
}
source.onopen = () => say({ state: 'open' });
source.onerror = (error) => {
  say({ state: 'error', code: error.code ?? null, closed: source.readyState === EventSource.CLOSED });
};
source.onmessage = onEvent;
for (const type of types) source.addEventListener(type, onEvent);
