// npm @modelcontextprotocol/sdk over streamable HTTP. usage: node mcp-client.mjs <base url>
// Prints one JSON object a line for each thing that was observed; the test judges.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const say = (seen) => process.stdout.write(JSON.stringify(seen) + '\n');
const transport = new StreamableHTTPClientTransport(new URL(`${process.argv[2]}/mcp`));
const client = new Client({ name: 'interop', version: '1.0.0' });
client.onerror = (error) => say({ kind: 'error', message: String(error) });
await client.connect(transport);
say({ kind: 'connected', server: client.getServerVersion().name, version: transport.protocolVersion, hasSession: Boolean(transport.sessionId) });
say({ kind: 'tools', names: (await client.listTools()).tools.map((tool) => tool.name) });
say({ kind: 'add', text: (await client.callTool({ name: 'add', arguments: { a: 2, b: 40 } })).content[0].text });

// The answer is a stream: whole, and cut behind its first event, after which the client comes back for the rest.
for (const more of [{}, { cut: 1 }]) {
  const seen = [];
  const answer = await client.callTool({ name: 'countdown', arguments: { from: 5, ...more } }, undefined, { onprogress: ({ progress }) => seen.push(progress), timeout: 20_000 });
  say({ kind: more.cut ? 'cut' : 'countdown', progress: seen, text: answer.content[0].text });
}
await client.ping();
say({ kind: 'pong' });

// Streams that are open still end by the client's own abort, of which it tells as of an error.
client.onerror = undefined;
await transport.terminateSession();
await client.close();
