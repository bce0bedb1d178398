// A broadcast for event streams: every interval a burst of events that begin with the monotonic clock. The first stream's query holds for all.
const streams = new Set();
let isTicking = false;

// Bun's own clock begins with its process; node's is the system's.
let clock = () => process.hrtime.bigint();
if (process.versions.bun) {
  const { dlopen, ptr } = await import('bun:ffi');
  const { symbols } = dlopen('libc.so.6', { clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' } });
  const time = new BigInt64Array(2);
  clock = () => (symbols.clock_gettime(1, ptr(time)), time[0] * 1000000000n + time[1]);
}

export function addStream(url, write) {
  streams.add(write);
  if (isTicking) return () => streams.delete(write);
  isTicking = true;
  const encoder = new TextEncoder();
  startTicking(new URL(url, 'http://localhost').searchParams, (text) => {
    const event = encoder.encode(`data: ${text}\n\n`);
    for (const one of streams) one(event);
  });
  return () => streams.delete(write);
}

export function startTicking(query, send) {
  const size = Number(query.get('size') ?? 100);
  const burst = Number(query.get('burst') ?? 1);
  setInterval(() => {
    for (let i = 0; i < burst; i++) send(`${String(clock()).padStart(19, '0')} `.padEnd(size, 'x'));
  }, Number(query.get('interval') ?? 10));
}
