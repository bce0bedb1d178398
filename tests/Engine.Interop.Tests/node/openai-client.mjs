// npm openai. usage: node openai-client.mjs <base url>
// Prints one JSON object a line for each thing that was observed; the test judges.
import OpenAI from 'openai';

const base = process.argv[2];
const say = (seen) => process.stdout.write(JSON.stringify(seen) + '\n');
const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'none', maxRetries: 0 });
const ask = (content, more, options) => client.chat.completions.create({ model: 'echo', messages: [{ role: 'user', content }], ...more }, options);
const running = async () => Number(await (await fetch(`${base}/v1/running`)).text());

const whole = await ask('hello world');
say({ kind: 'whole', content: whole.choices[0].message.content, reason: whole.choices[0].finish_reason });

let content = '';
let reason = null;
for await (const chunk of await ask('one two ünï three', { stream: true })) {
  content += chunk.choices[0].delta.content ?? '';
  reason = chunk.choices[0].finish_reason ?? reason;
}
say({ kind: 'stream', content, reason });

// A stream that is left: by a break in the loop, then by an abort from outside.
for (const how of ['break', 'abort']) {
  const stop = new AbortController();
  const stream = await ask('count', { stream: true }, { signal: stop.signal });
  let chunks = 0;
  try {
    for await (const chunk of stream) {
      if (++chunks === 3) {
        if (how === 'break') break;
        stop.abort();
      }
    }
  } catch (error) {
    if (error.name !== 'AbortError' && !(error instanceof OpenAI.APIUserAbortError)) throw error;
  }
  const left = performance.now();
  while (await running() > 0 && performance.now() - left < 10_000) await new Promise((resolve) => setTimeout(resolve, 10));
  say({ kind: how, chunks, running: await running(), milliseconds: Math.round(performance.now() - left) });
}

try {
  await client.chat.completions.create({ model: 'echo', messages: [] });
} catch (error) {
  say({ kind: 'error', status: error.status, message: error.error?.message ?? error.message });
}
