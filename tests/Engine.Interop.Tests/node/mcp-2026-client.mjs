// npm @modelcontextprotocol/client, of revision 2026-07-28. usage: node mcp-2026-client.mjs <base url>
// Prints one JSON object a line for each thing that was observed; the test judges.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const say = (seen) => process.stdout.write(JSON.stringify(seen) + '\n');
const names = [];
const watch = async (url, init) => {
  if (init?.body) names.push(JSON.parse(init.body).method);
  return fetch(url, init);
};
const connect = async (mode) => {
  const client = new Client({ name: 'interop', version: '1.0.0' }, mode ? { versionNegotiation: { mode } } : {});
  await client.connect(new StreamableHTTPClientTransport(new URL(`${process.argv[2]}/mcp`), { fetch: watch }));
  return client;
};

for (const [kind, mode] of [['pinned', { pin: '2026-07-28' }], ['auto', 'auto']]) {
  const client = await connect(mode);
  const progress = [];
  const tools = (await client.listTools()).tools.map((tool) => tool.name);
  const sum = (await client.callTool({ name: 'add', arguments: { a: 2, b: 40 } })).content[0].text;
  const answer = await client.callTool({ name: 'countdown', arguments: { from: 5 } }, { onprogress: (step) => progress.push(step.progress), timeout: 20_000 });
  const refused = await client.callTool({ name: 'none', arguments: {} }).catch((error) => error);
  say({
    kind, version: client.getNegotiatedProtocolVersion(), server: client.getServerVersion()?.name, tools, sum, text: answer.content[0].text, progress, refused: refused.code,
  });
  await client.close();
}
say({ kind: 'methods', names });

const older = await connect(undefined);
say({ kind: 'legacy', version: older.getNegotiatedProtocolVersion() });
await older.close();
