// npm graphql-ws. usage: node graphql-client.mjs <ws url>
// Prints one JSON object a line for each thing that was observed; the test judges.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const say = (seen) => process.stdout.write(JSON.stringify(seen) + '\n');
const client = createClient({ url: process.argv[2], webSocketImpl: WebSocket, retryAttempts: 0, lazyCloseTimeout: 500 });
client.on('closed', (event) => say({ kind: 'closed', code: event.code, wasClean: event.wasClean }));

const all = async (query) => {
  const seen = [];
  for await (const result of client.iterate({ query })) seen.push(result);
  return seen;
};
say({ kind: 'query', results: await all('query { hello }') });

// Two at once over the one connection.
const both = await Promise.all([all('subscription { countdown(from: 3) }'), all('subscription { countdown(from: 5) }')]);
say({ kind: 'subscriptions', values: both.map((results) => results.map((result) => result.data.countdown)) });

let count = 0;
for await (const result of client.iterate({ query: 'subscription { countdown(from: 900000) }' })) {
  if (++count === 3) break;
}
say({ kind: 'left', count });

try {
  await all('query { nothing }');
} catch (errors) {
  say({ kind: 'errors', messages: errors.map((error) => error.message) });
}
await client.dispose();
