// The two ways to a server. Each takes commands of topics.v1 and gives its messages:
// on.ready() commands may be sent, on.open() the server has answered, on.alive() something came, on.message(object), on.closed({ code, reason, wait }).
import { format, parse, toBytes } from './wire.js';

const absolute = (url, base = globalThis.location?.href) => new URL(url, base);

export function openWebSocket({ url, WebSocket = globalThis.WebSocket }, token, on) {
  const address = absolute(url);
  address.protocol = address.protocol.replace('http', 'ws');
  if (token) address.searchParams.set('access_token', token);
  const socket = new WebSocket(address.href, 'topics.v1');
  socket.onopen = () => { on.ready(); on.open(); };
  socket.onmessage = (event) => { on.alive(); on.message(JSON.parse(event.data)); };
  socket.onclose = (event) => on.closed(event);
  socket.onerror = () => {};
  return {
    send: (command) => socket.readyState === 1 && socket.send(JSON.stringify(command)),
    close: () => socket.close(1000),
  };
}

/** A stream of events for what is heard, and a POST for each message: one after the other, so that their order is kept. */
export function openEvents({ url, events = url, publish = url, fetch = globalThis.fetch }, token, on) {
  const wanted = new Map(); // topic -> { id, last, position, stream }; id until the first answer, stream once one was asked for it
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const ended = new AbortController();
  let posting = Promise.resolve();
  let stream;
  let timer;

  const fail = (response, reason = '') => {
    if (ended.signal.aborted) return;
    ended.abort();
    stream?.abort();
    on.closed({ code: response?.status ?? 1006, reason, wait: Number(response?.headers.get('Retry-After') ?? 0) * 1000 });
  };

  const take = (message, from) => {
    const entry = wanted.get(message.topic);
    if (entry?.stream !== from) return;
    const { id } = entry;
    switch (message.type) {
      case 'subscribed':
        entry.id = undefined;
        if (message.status === 'lost' || (!message.recovered && message.kind !== 'latest')) entry.position = message.recovered ? undefined : message.position;
        if (id === undefined) {
          // The stream began anew because of another topic: the hub has this one.
          const { epoch, offset } = parse(message.position);
          const to = format({ epoch, offset: offset - message.recovered });
          if (message.status === 'lost') on.message({ type: 'gap', topic: message.topic, to, missed: message.lost, lost: true });
          return;
        }

        message.id = id;
        break;
      case 'error':
        wanted.delete(message.topic);
        message.id = id;
        break;
      case 'gap':
        entry.position = message.to;
        break;
      default:
        entry.position = message.position;
    }

    on.message(message);
  };

  const read = async () => {
    stream?.abort();
    if (!wanted.size) return on.open();
    const own = stream = new AbortController();
    const address = absolute(events);
    address.searchParams.set('protocol', 'topics.v1');
    for (const topic of wanted.keys()) address.searchParams.append('topic', topic);
    const entries = [...wanted.values()];
    for (const entry of entries) entry.stream = own;
    address.searchParams.set('last_event_id', entries.map((entry) => entry.position ?? '').join());
    address.searchParams.set('last', entries.map((entry) => entry.last ?? '').join());
    let response;
    let reason = 'the stream ended';
    try {
      response = await fetch(address, { headers, signal: own.signal, cache: 'no-store' });
      if (response.status !== 200) return fail(response);
      on.open();
      const reader = response.body.getReader();
      const text = new TextDecoder();
      let rest = '';
      for (let part; !(part = await reader.read()).done && !own.signal.aborted;) {
        on.alive();
        const blocks = (rest + text.decode(part.value, { stream: true })).split('\n\n');
        rest = blocks.pop();
        for (const block of blocks) {
          const data = block.split('\n').filter((line) => line.startsWith('data: ')).map((line) => line.slice(6)).join('\n');
          if (data && !own.signal.aborted) take(JSON.parse(data), own);
        }
      }
    } catch (error) {
      reason = error.message;
    }

    if (own === stream && !own.signal.aborted) fail(undefined, reason);
  };

  const post = async ({ id, topic, data, text, base64, key, event, idempotencyKey }) => {
    if (ended.signal.aborted) return;
    const address = absolute(publish);
    address.pathname += `/${encodeURIComponent(topic)}`;
    for (const [name, value] of Object.entries({ key, event })) if (value !== undefined) address.searchParams.set(name, value);
    const [type, body] = text !== undefined ? ['text/plain', text]
      : base64 !== undefined ? ['application/octet-stream', toBytes(base64)]
      : ['application/json', JSON.stringify(data)];
    try {
      const response = await fetch(address, {
        method: 'POST', body, signal: ended.signal,
        headers: { ...headers, 'Content-Type': type, 'Idempotency-Key': idempotencyKey, Accept: 'application/json' },
      });
      const { status } = response;
      if (status < 300) {
        on.open();
        const answer = await response.json();
        on.message({ type: 'published', id, topic, position: answer.position, duplicate: status === 200 });
      } else if ([400, 403, 404, 409, 413].includes(status)) {
        on.message({ type: 'error', id, topic, code: { 403: 'forbidden', 409: 'outdated', 413: 'tooLarge' }[status] ?? 'invalid', retry: 'never' });
      } else {
        fail(response);
      }
    } catch (error) {
      fail(undefined, error.message);
    }
  };

  const readSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => ended.signal.aborted || read(), 5);
  };

  queueMicrotask(() => { on.ready(); readSoon(); });
  return {
    get isQuiet() { return !wanted.size; },
    send(command) {
      const { type, id, topic } = command;
      if (type === 'publish') {
        posting = posting.then(() => post(command));
      } else if (type !== 'ping') {
        if (type === 'subscribe') wanted.set(topic, { id, last: command.last, position: command.after });
        else wanted.delete(topic);
        readSoon();
      }
    },
    close() {
      ended.abort();
      stream?.abort();
    },
  };
}
