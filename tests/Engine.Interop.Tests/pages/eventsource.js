// What WHATWG HTML 9.2 says of EventSource. /events sends events by the engine's own writer, /raw the bytes that it is given.
const events = (list, more = {}) => `/events?${query({ list, hold: '1', ...more })}`;
const raw = (body, more = {}) => `/raw?${query({ body, hold: '1', ...more })}`;

// The messages of a stream, until as many have come.
async function collect(url, count, type = 'message', init = undefined) {
  const source = new EventSource(url, init);
  const seen = [];
  await new Promise((resolve, reject) => {
    source.addEventListener(type, (event) => {
      seen.push([event.data, event.lastEventId]);
      if (seen.length === count) resolve();
    });
    source.onerror = () => source.readyState === EventSource.CLOSED && reject(new Error('the source was closed'));
  });
  source.close();
  return seen;
}

// A source that ends for good before it has opened.
async function fails(url, init) {
  const source = new EventSource(url, init);
  let opened = false;
  source.onopen = () => { opened = true; };
  await next(source, 'error');
  same([source.readyState, opened], [EventSource.CLOSED, false], 'state and open');
}

test('EventSource: the constructor takes an address, and is connecting', () => {
  const source = new EventSource('raw?body=x');
  same([source.url, source.readyState, source.withCredentials], [`${location.origin}/raw?body=x`, EventSource.CONNECTING, false]);
  source.close();
  same(source.readyState, EventSource.CLOSED);
});

test('EventSource: an address that is none throws', () => throws('SyntaxError', () => new EventSource('http://a:b')));

test('EventSource: open comes before messages and does not bubble', async () => {
  const source = new EventSource(events([{ data: 'x' }]));
  const order = [];
  source.onopen = (event) => order.push(`open ${event.bubbles} ${event.cancelable} ${source.readyState}`);
  const event = await next(source, 'message');
  order.push(`message ${event.bubbles} ${event.data} ${event.origin === location.origin}`);
  same(order, ['open false false 1', 'message false x true']);
  source.close();
});

test('EventSource: data of several lines is one string', async () => same(await collect(events([{ data: 'one\ntwo\r\nthree\rfour\n' }]), 1), [['one\ntwo\nthree\nfour\n', '']]));

test('EventSource: data may be empty, and text of every plane', async () => same(await collect(events([{ data: '' }, { data: 'é€😀\u2028' }, { data: ' led' }]), 3), [['', ''], ['é€😀\u2028', ''], [' led', '']]));

test('EventSource: a named event reaches its listeners only', async () => {
  const source = new EventSource(events([{ data: '1', type: 'add' }, { data: '2' }]));
  const seen = [];
  source.addEventListener('add', (event) => seen.push(['add', event.data]));
  source.onmessage = (event) => seen.push(['message', event.data]);
  await next(source, 'message');
  same(seen, [['add', '1'], ['message', '2']]);
  source.close();
});

test('EventSource: an id stays until another comes', async () => same(await collect(events([{ data: 'a', id: '1' }, { data: 'b' }, { id: '3' }, { data: 'c' }, { data: 'd', id: '' }]), 4), [['a', '1'], ['b', '1'], ['c', '3'], ['d', '']]));

test('EventSource: comments and heartbeats raise nothing', async () => same(await collect(events([{ comment: 'hello\nworld' }, { data: 'x', comment: 'with it' }]), 1), [['x', '']]));

test('EventSource: a stream that ends is opened again behind its last id', async () => {
  const key = newKey();
  const source = new EventSource(events([{ retry: 10 }, { data: 'x', id: 'one' }], { key, hold: '0' }));
  const errors = [];
  source.onerror = () => errors.push(source.readyState);
  await until(async () => (await seenBy(key)).length >= 3);
  source.close();
  same((await seenBy(key)).slice(0, 3).map((request) => request.lastEventId), [null, 'one', 'one']);
  same(errors.slice(0, 2), [EventSource.CONNECTING, EventSource.CONNECTING]);
});

test('EventSource: retry is waited for', async () => {
  const key = newKey();
  const source = new EventSource(events([{ retry: 700 }, { data: 'x' }], { key, hold: '0' }));
  await next(source, 'error');
  const ended = performance.now();
  await next(source, 'open');
  const waited = performance.now() - ended;
  source.close();
  if (waited < 600) throw new Error(`only ${waited} ms`);
});

test('EventSource: ids of every kind make the round trip', async () => {
  for (const id of ['0', 'a b', 'é', '…', '😀', 'a\tb', '%41', ',;="', 'x'.repeat(4096)]) {
    const [[data]] = await collect(`/id?${query({ id })}`, 1, 'back');
    same(data, id);
  }
});

test('EventSource: ids that would not make it are refused by the server', async () => {
  for (const id of ['\f', '\v', '\u0001', '\u007f', ' a', 'a ', 'a\nb', 'x'.repeat(4097)]) {
    same((await fetch(`/id?${query({ id })}`)).status, 400, JSON.stringify(id));
  }
});

test('EventSource: an id cleared before the end is not sent back', async () => {
  const key = newKey();
  const source = new EventSource(events([{ retry: 10 }, { data: 'x', id: '1' }, { data: 'y', id: '' }], { key, hold: '0' }));
  await until(async () => (await seenBy(key)).length >= 2);
  source.close();
  same((await seenBy(key))[1].lastEventId, null);
});

test('EventSource: the id of an event that was cut does not count', async () => {
  const key = newKey();
  const source = new EventSource(raw('retry: 10\n\nid: 1\ndata: x\n\nid: 2\ndata: y\n', { key, hold: '0' }));
  await until(async () => (await seenBy(key)).length >= 2);
  source.close();
  same((await seenBy(key))[1].lastEventId, '1');
});

test('EventSource: 204 ends it', () => fails('/raw?status=204&body='));
test('EventSource: 404 ends it', () => fails('/there-is-none'));
test('EventSource: 503 for a full server ends it for good', () => fails('/full'));

test('EventSource: a full server that ends the stream instead is asked again', async () => {
  const key = newKey();
  const source = new EventSource(`/full-but-patient?key=${key}`);
  await until(async () => (await seenBy(key)).length >= 3);
  same(source.readyState === EventSource.CLOSED, false, 'closed');
  source.close();
});

test('EventSource: the type text/plain ends it', () => fails(raw('data: x\n\n', { type: 'text/plain', hold: '0' })));
test('EventSource: the type application/json ends it', () => fails(raw('data: x\n\n', { type: 'application/json', hold: '0' })));
test('EventSource: the type counts without case and parameters', async () => same(await collect(raw('data: x\n\n', { type: 'TEXT/Event-Stream; charset=utf-8; a=b' }), 1), [['x', '']]));

test('EventSource: redirects are followed, each kind', async () => {
  for (const status of ['301', '302', '303', '307', '308']) {
    same(await collect(`/redirect?${query({ status, to: events([{ data: status }]) })}`, 1), [[status, '']]);
  }
});

test('EventSource: a listed origin may read, with credentials', async () => {
  document.cookie = 'flavour=oat; path=/';
  same((await collect(`${other}/listed`, 1, 'message', { withCredentials: true }))[0][0], location.origin);
});

test('EventSource: an origin that is not listed may not', () => fails(`${other}/unlisted`));
test('EventSource: without a word about origins, others may not', () => fails(`${other}${events([{ data: 'x' }])}`));

test('EventSource: cookies of the same origin are sent', async () => {
  document.cookie = 'flavour=oat; path=/';
  const key = newKey();
  await collect(events([{ data: 'x' }], { key }), 1);
  same((await seenBy(key))[0].cookie.includes('flavour=oat'), true);
});

test('EventSource: the server is told when it is closed', async () => {
  const key = newKey();
  const source = new EventSource(events([{ data: 'x' }], { key }));
  await next(source, 'message');
  source.close();
  await until(async () => (await seenBy(key))[0].hasEnded);
});

test('EventSource: the request says what it accepts and wants no cache', async () => {
  const key = newKey();
  await collect(events([{ data: 'x' }], { key }), 1);
  const [request] = await seenBy(key);
  same([request.accept, request.cacheControl], ['text/event-stream', 'no-cache']);
});

// The format, byte for byte (WHATWG HTML 9.2.6).
const formats = [
  ['a byte order mark at the beginning is none', '\uFEFFdata: x\n\n', ['x']],
  ['a second byte order mark is a name', '\uFEFF\uFEFFdata: x\n\ndata: y\n\n', ['y']],
  ['lines end with LF, CR or both', 'data: a\n\ndata: b\r\rdata: c\r\n\r\n', ['a', 'b', 'c']],
  ['a field without a colon has no value', 'data\n\ndata\ndata\n\ndata: x\n\n', ['', '\n', 'x']],
  ['one space behind the colon is none of the data', 'data:a\n\ndata: b\n\ndata:  c\n\ndata:\td\n\n', ['a', 'b', ' c', '\td']],
  ['a space before the colon is another field', 'data : a\n\ndata: b\n\n', ['b']],
  ['fields that nobody knows are skipped', 'dat: a\nDATA: b\ndata: c\nfoo\n:\n: data: d\n\n', ['c']],
  ['an event without data is none', 'event: x\nid: 1\n\ndata: a\n\n', ['a']],
  ['the last of several names and ids counts', 'event: b\nevent: message\ndata: a\n\n', ['a']],
  ['an empty name is message', 'event:\ndata: a\n\n', ['a']],
  ['NUL is data', 'data: a\0b\n\n', ['a\0b']],
  ['retry takes digits only', 'retry: 1x\nretry: -1\nretry:\ndata: a\n\n', ['a']],
  ['many lines of data are many lines', `${'data: x\n'.repeat(300)}\n`, ['x\n'.repeat(299) + 'x']],
  ['a long line is whole', `data: ${'y'.repeat(5000)}\n\n`, ['y'.repeat(5000)]],
];
test('EventSource: the format is read to the byte', async () => {
  for (const [what, body, expected] of formats) {
    same((await collect(raw(body), expected.length)).map(([data]) => data), expected, what);
  }
});

test('EventSource: an id with NUL is ignored', async () => same(await collect(raw('id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n'), 2), [['a', '1'], ['b', '1']]));
