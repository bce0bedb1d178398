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

// A job: its maker leaves in the midst of it, and others read on from where they are, from the beginning, and after its end.
const text = (events) => events.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta).join('');
const question = `slowly ${Array.from({ length: 20 }, (_, number) => number).join(' ')}`;
const first = [];
let job;
for await (const event of await client.responses.create({ model: 'echo', input: question, background: true, stream: true })) {
  first.push(event);
  job ??= event.response.id;
  if (first.length === 6) break;
}
const rest = [];
for await (const event of await client.responses.retrieve(job, { stream: true, starting_after: first.at(-1).sequence_number })) rest.push(event);
const again = [];
for await (const event of await client.responses.retrieve(job, { stream: true })) again.push(event);
const done = await client.responses.retrieve(job);
say({
  kind: 'job', text: text([...first, ...rest]), again: text(again), whole: done.output_text, status: done.status, last: rest.at(-1).type, running: await running(),
  numbers: [...first, ...rest].map((event) => event.sequence_number),
});

// It is stopped by another than its maker; its stream tells.
const counting = await client.responses.create({ model: 'echo', input: 'count', background: true });
const told = [];
const reading = (async () => {
  for await (const event of await client.responses.retrieve(counting.id, { stream: true })) told.push(event);
})();
while (told.length < 5) await new Promise((resolve) => setTimeout(resolve, 10));
const stopped = await client.responses.cancel(counting.id);
await reading;
say({ kind: 'stopped', status: stopped.status, last: told.at(-1).type, running: await running() });

// One that nobody detached ends with its reader.
for await (const event of await client.responses.create({ model: 'echo', input: 'count', stream: true })) if (event.sequence_number === 3) break;
const leftAt = performance.now();
while (await running() > 0 && performance.now() - leftAt < 10_000) await new Promise((resolve) => setTimeout(resolve, 10));
say({ kind: 'attended', running: await running() });

// Bounds: two at work are all, and an answer is kept for a second.
const jobs = [await client.responses.create({ model: 'echo', input: 'count', background: true }), await client.responses.create({ model: 'echo', input: 'count', background: true })];
const refused = await client.responses.create({ model: 'echo', input: 'count', background: true }).catch((error) => error);
for (const { id } of jobs) await client.responses.delete(id);
while (await running() > 0) await new Promise((resolve) => setTimeout(resolve, 10));
let kept = true;
for (const begun = performance.now(); kept && performance.now() - begun < 10_000;) {
  kept = await client.responses.retrieve(job).then(() => new Promise((resolve) => setTimeout(() => resolve(true), 50)), () => false);
}
say({ kind: 'bounds', status: refused.status, kept });

try {
  await client.chat.completions.create({ model: 'echo', messages: [] });
} catch (error) {
  say({ kind: 'error', status: error.status, message: error.error?.message ?? error.message });
}
