import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { TopicClient, TopicError, adviceOf } from '../src/index.js';
import { newTopic, startRelay, startServer, take, until, WebSocket } from './server.mjs';

let server;
before(async () => { server = await startServer(); });
after(async () => {
  await server.stop();
  assert.equal(server.errors, '');
});

// Node 20 knows Symbol.dispose, but not `using`.
const all = [];
const kept = (one) => all.push(one) && one;
afterEach(() => { for (const one of all.splice(0)) one[Symbol.dispose](); });

const open = (options = {}) => new TopicClient(server.url, { WebSocket, minWait: 20, ...options });
const subscribed = (client, topic, options = {}, onMessage) => new Promise((resolve) => {
  const subscription = client.subscribe(topic, { ...options, onSubscribed: () => queueMicrotask(() => resolve(subscription)) }, onMessage);
});

for (const transport of ['websocket', 'events']) {
  test(`${transport}: what is published is heard, in all three forms`, async () => {
    const client = kept(open({ transport }));
    const topic = newTopic();
    const heard = await subscribed(client, topic);
    const first = await client.publish(topic, { from: 'ann', says: 'hello\nworld' }, { event: 'note' });
    await client.publish(topic, 'a text\nof two lines');
    await client.publish(topic, new Uint8Array([0, 255]));
    const messages = await take(heard, 3);
    assert.deepEqual(messages.map((message) => message.data), [{ from: 'ann', says: 'hello\nworld' }, 'a text\nof two lines', new Uint8Array([0, 255])]);
    assert.equal(messages[0].event, 'note');
    assert.equal(messages[0].position, first.position);
    assert.equal(first.duplicate, false);
    assert.equal(client.status, 'open');
  });

  test(`${transport}: several topics, the last messages on joining, and the newest of each key`, async () => {
    const client = kept(open({ transport }));
    const [stream, latest] = [newTopic(), newTopic('l')];
    for (let i = 1; i <= 10; i++) await client.publish(stream, i);
    await client.publish(latest, '1.07', { key: 'EUR' });
    await client.publish(latest, '0.85', { key: 'GBP' });
    await client.publish(latest, '1.08', { key: 'EUR' });
    const [last, newest] = [client.subscribe(stream, { last: 4 }), client.subscribe(latest)];
    assert.deepEqual((await take(last, 4)).map((message) => message.data), [7, 8, 9, 10]);
    assert.deepEqual((await take(newest, 2)).map(({ key, data }) => `${key} ${data}`).sort(), ['EUR 1.08', 'GBP 0.85']);
  });

  test(`${transport}: a client that comes back with its position gets what it missed`, async () => {
    const topic = newTopic();
    const publisher = kept(open({ transport }));
    const { position } = await publisher.publish(topic, 1);
    await publisher.publish(topic, 2);
    await publisher.publish(topic, 3);
    const client = kept(open({ transport }));
    assert.deepEqual((await take(client.subscribe(topic, { after: position }), 2)).map((message) => message.data), [2, 3]);
  });

  test(`${transport}: a position of another life of the topic is told as a gap`, async () => {
    const client = kept(open({ transport }));
    const topic = newTopic();
    await client.publish(topic, 'old');
    const gaps = [];
    const heard = await subscribed(client, topic, { after: 'abc-7', onGap: (gap) => gaps.push(gap) });
    await client.publish(topic, 'new');
    assert.deepEqual((await take(heard, 1)).map((message) => message.data), ['new']);
    assert.equal(gaps.length, 1);
    assert.equal(gaps[0].after, 'abc-7');
  });

  test(`${transport}: 2,000 messages arrive once and in order over 20 resets, published through the same breaks`, async () => {
    const relay = await startRelay(server.port);
    try {
      const topic = newTopic();
      const publisher = kept(new TopicClient(relay.url, { WebSocket, transport, minWait: 5, maxWait: 50, maxOutbox: 2_000 }));
      const reader = kept(new TopicClient(relay.url, { WebSocket, transport, minWait: 5, maxWait: 50 }));
      const heard = await subscribed(reader, topic);
      const acknowledged = Promise.all(Array.from({ length: 2_000 }, (_, i) => publisher.publish(topic, i)));
      const data = [];
      let gaps = 0;
      reader.on('gap', () => gaps++);
      for await (const message of heard) {
        data.push(message.data);
        if (data.length % 100 === 50) relay.reset();
        if (data.length === 2_000) break;
      }

      const acks = await acknowledged;
      assert.deepEqual(data, Array.from({ length: 2_000 }, (_, i) => i));
      assert.equal(gaps, 0);
      assert.equal(new Set(acks.map((ack) => ack.position)).size, 2_000);
      assert.equal(publisher.pending, 0);
    } finally {
      await relay.close();
    }
  });

  test(`${transport}: two subscriptions to one topic, the second from an older position`, async () => {
    const client = kept(open({ transport }));
    const topic = newTopic();
    const seen = [];
    await subscribed(client, topic, {}, (message) => seen.push(message.data));
    const { position } = await client.publish(topic, 1);
    for (let i = 2; i <= 5; i++) await client.publish(topic, i);
    const older = client.subscribe(topic, { after: position });
    assert.deepEqual((await take(older, 4)).map((message) => message.data), [2, 3, 4, 5]);
    const lately = await subscribed(client, topic);
    await client.publish(topic, 6);
    assert.deepEqual((await take(lately, 1)).map((message) => message.data), [6]);
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6], 'the first one hears each once');
  });

  test(`${transport}: what is refused says so`, async () => {
    const client = kept(open({ transport }));
    const isCode = (code) => (error) => error instanceof TopicError && (error.code === code || error.code === 'invalid') && error.retry === 'never';
    await assert.rejects(client.publish('s.*', 1), isCode('invalidTopic'));
    await assert.rejects(take(client.subscribe('s.*'), 1), isCode('invalidTopic'));
    assert.equal(client.pending, 0);
  });
}

for (const transport of ['websocket', 'events']) {
  test(`${transport}: subscriptions that come and go at random places, over resets, each hear everything after their place`, async () => {
    const relay = await startRelay(server.port);
    try {
      let seed = Date.now() % 100_000;
      const told = `seed ${seed}`;
      const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
      const topic = newTopic();
      const publisher = kept(open());
      const client = kept(new TopicClient(relay.url, { WebSocket, transport, minWait: 5, maxWait: 50 }));
      const positions = [(await publisher.publish(topic, 0)).position];
      const offset = (position) => Number(position?.split('-')[1]);
      const readers = new Set();
      const wrong = [];
      client.on('gap', (gap) => wrong.push(gap));
      const enter = (options) => {
        const reader = { next: options.after && offset(options.after) + 1 };
        reader.subscription = client.subscribe(topic, options, ({ position, data }) => {
          const at = offset(position);
          if (at !== (reader.next ?? at) || data !== at - 1) wrong.push({ options, at, ...reader });
          reader.next = at + 1;
        });
        readers.add(reader);
      };
      enter({});
      for (let i = 1; i <= 400; i++) {
        if (i % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 4));
        positions.push((await publisher.publish(topic, i)).position);
        const dice = random();
        if (dice < 0.1) enter({ after: positions[Math.floor(random() * positions.length)] });
        else if (dice < 0.15) enter({ last: 1 + Math.floor(random() * 50) });
        else if (dice < 0.2) enter({});
        else if (dice < 0.27 && readers.size > 1) {
          const [first] = readers;
          readers.delete(first);
          first.subscription.close();
        } else if (dice < 0.3) relay.reset();
      }

      while (!wrong.length && [...readers].some(({ subscription }) => offset(subscription.position) !== 401)) await new Promise((resolve) => setTimeout(resolve, 10));
      assert.deepEqual(wrong, [], told);
      assert.ok(readers.size > 1);
    } finally {
      await relay.close();
    }
  });
}

test('a message that was published twice with one id is there once', async () => {
  const client = kept(open());
  const topic = newTopic();
  const one = await client.publish(topic, 'pay', { id: 'order-7' });
  const two = await client.publish(topic, 'pay', { id: 'order-7' });
  assert.deepEqual([one.duplicate, two.duplicate, one.position], [false, true, two.position]);
});

test('where WebSockets do not get through, events take over', async () => {
  class Blocked {
    constructor() { setTimeout(() => this.onclose({ code: 1006, reason: '' }), 1); }
    close() {}
  }
  const client = kept(open({ WebSocket: Blocked }));
  const topic = newTopic();
  const heard = await subscribed(client, topic);
  await client.publish(topic, 1);
  assert.equal((await take(heard, 1))[0].data, 1);
  assert.equal((await until(client, 'open')).transport, 'events');
});

test('without a WebSocket class events are all there is', async () => {
  const client = kept(open({ WebSocket: null }));
  client.connect();
  assert.equal((await until(client, 'open')).transport, 'events');
});

test('the outbox is bounded and survives a server that is away', async () => {
  const relay = await startRelay(server.port);
  relay.isDown = true;
  try {
    const client = kept(new TopicClient(relay.url, { WebSocket, minWait: 5, maxWait: 50, maxOutbox: 3 }));
    const topic = newTopic();
    const sent = [1, 2, 3].map((i) => client.publish(topic, i));
    await assert.rejects(client.publish(topic, 4), { code: 'outboxFull', retry: 'later' });
    await until(client, 'waiting');
    relay.isDown = false;
    assert.deepEqual((await Promise.all(sent)).map((ack) => ack.position.split('-')[1]), ['1', '2', '3']);
  } finally {
    await relay.close();
  }
});

test('a stored outbox is sent by the next page', async () => {
  const items = new Map();
  const storage = { getItem: (name) => items.get(name) ?? null, setItem: (name, value) => items.set(name, value), removeItem: (name) => items.delete(name), key: (i) => [...items.keys()][i], get length() { return items.size; } };
  const relay = await startRelay(server.port);
  relay.isDown = true;
  try {
    const topic = newTopic();
    const first = new TopicClient(relay.url, { WebSocket, minWait: 5, storage });
    const sent = Array.from({ length: 20 }, (_, i) => first.publish(topic, i).catch((error) => error.code));
    first.close();
    assert.deepEqual(new Set(await Promise.all(sent)), new Set(['closed']));
    assert.equal(items.size, 1);
    relay.isDown = false;
    const second = kept(new TopicClient(relay.url, { WebSocket, minWait: 5, storage }));
    assert.equal(second.pending, 20);
    const heard = await take(second.subscribe(topic, { last: 100 }), 20);
    assert.deepEqual(heard.map((message) => message.data), Array.from({ length: 20 }, (_, i) => i));
    await second.publish(topic, 'last');
    assert.equal(items.size, 0);
  } finally {
    await relay.close();
  }
});

test('a connection that is silent is found dead and made anew', async () => {
  const relay = await startRelay(server.port);
  try {
    const client = kept(new TopicClient(relay.url, { WebSocket, transport: 'websocket', minWait: 5, heartbeat: 50, patience: 500 }));
    const topic = newTopic();
    const heard = await subscribed(client, topic);
    relay.isMute = true;
    assert.equal((await until(client, 'waiting')).reason, 'no pong');
    relay.isMute = false;
    await client.publish(topic, 1);
    assert.equal((await take(heard, 1))[0].data, 1);
  } finally {
    await relay.close();
  }
});

test('the token is asked for before each attempt', async () => {
  const relay = await startRelay(server.port);
  try {
    for (const transport of ['websocket', 'events']) {
      const asked = [];
      const seen = [];
      class Spy extends WebSocket {
        constructor(url, protocol) {
          super(url, protocol);
          seen.push(new URL(url).searchParams.get('access_token'));
        }
      }
      const spy = (url, options) => {
        seen.push(options.headers.Authorization.slice(7));
        return fetch(url, options);
      };
      const client = kept(new TopicClient(relay.url, { WebSocket: Spy, fetch: spy, transport, minWait: 5, token: async () => `t${asked.push(1)}` }));
      const topic = newTopic();
      await subscribed(client, topic);
      const again = until(client, 'waiting');
      relay.reset();
      await again;
      await client.publish(topic, 1);
      assert.equal(seen[0], 't1');
      assert.equal(seen.at(-1), `t${asked.length}`);
      assert.ok(asked.length >= 2);
    }
  } finally {
    await relay.close();
  }
});

test('waits are random, grow and are bounded, and nothing gives up', async () => {
  const waits = [];
  const relay = await startRelay(server.port);
  relay.isDown = true;
  try {
    const client = kept(new TopicClient(relay.url, { WebSocket, transport: 'websocket', minWait: 2, maxWait: 16, random: () => 1 }));
    client.on('status', ({ retryIn }) => retryIn === undefined || waits.push(retryIn));
    client.connect();
    while (waits.length < 12) await until(client, 'connecting').then(() => until(client, 'waiting'));
    assert.deepEqual(waits.slice(0, 6), [2, 4, 8, 16, 16, 16]);
    relay.isDown = false;
    client.connect();
    await until(client, 'open');
  } finally {
    await relay.close();
  }
});

test('close codes say again, later or never', async () => {
  assert.deepEqual([1000, 1001, 1006, 1008, 1011, 1012, 1013, 403, 503, 4000].map(adviceOf), ['never', 'again', 'later', 'never', 'later', 'again', 'later', 'never', 'later', 'later']);
  let made = 0;
  class Closing {
    constructor() {
      made++;
      setTimeout(() => { this.readyState = 1; this.onopen(); setTimeout(() => this.onclose({ code: 1008, reason: 'not a topics.v1 command' }), 1); }, 1);
    }
    send() {}
    close() {}
  }
  const client = kept(open({ WebSocket: Closing }));
  await assert.rejects(client.publish('s.x', 1), { code: 'refused', retry: 'never' });
  assert.equal(client.status, 'closed');
  assert.equal(made, 1);
});

test('a server that stops says in which time to come back', async () => {
  class Stopping {
    constructor() {
      setTimeout(() => {
        this.readyState = 1;
        this.onopen();
        this.onmessage({ data: '{"type":"advice","retry":"later","withinMilliseconds":7000}' });
        this.onclose({ code: 1001, reason: '' });
      }, 1);
    }
    send() {}
    close() {}
  }
  const client = kept(open({ WebSocket: Stopping, random: () => 0.5 }));
  client.connect();
  assert.equal((await until(client, 'waiting')).retryIn, 3_500);
});

test('a reader that takes nothing is not flooded, and gets everything later', async () => {
  const client = kept(open());
  const topic = newTopic();
  const slow = await subscribed(client, topic, { maxQueue: 10 });
  for (let i = 0; i < 100; i++) await client.publish(topic, i);
  assert.deepEqual((await take(slow, 100)).map((message) => message.data), Array.from({ length: 100 }, (_, i) => i));
});

test('messages of the same name are given once', async () => {
  const client = kept(open());
  const topic = newTopic();
  const heard = await subscribed(client, topic, { unique: (message) => message.data.id });
  for (const id of ['a', 'b', 'a', 'c']) await client.publish(topic, { id });
  assert.deepEqual((await take(heard, 3)).map((message) => message.data.id), ['a', 'b', 'c']);
});

test('a restarted server gets the 20 messages of the outbox once and in order', async () => {
  let own = await startServer();
  try {
    const topic = newTopic();
    const client = kept(new TopicClient(own.url, { WebSocket, minWait: 5, maxWait: 200 }));
    const heard = await subscribed(client, topic, { last: 256 });
    await client.publish(topic, 'before');
    await take({ [Symbol.asyncIterator]: () => ({ next: heard[Symbol.asyncIterator]().next }) }, 1);
    const down = until(client, 'waiting');
    await own.stop();
    await down;
    const sent = Array.from({ length: 20 }, (_, i) => client.publish(topic, i));
    own = await startServer(own.port);
    await Promise.all(sent);
    assert.deepEqual((await take(heard, 20)).map((message) => message.data), Array.from({ length: 20 }, (_, i) => i));
  } finally {
    await own.stop();
  }
});

test('a loop that ends, and `using`, close what they hold', async () => {
  const client = open();
  const topic = newTopic();
  const heard = await subscribed(client, topic);
  await client.publish(topic, 1);
  assert.equal((await take(heard, 1))[0].data, 1);
  heard[Symbol.dispose]();
  const waiting = client.subscribe(topic)[Symbol.asyncIterator]().next();
  client.close();
  assert.deepEqual(await waiting, { value: undefined, done: true });
  await assert.rejects(client.publish(topic, 1), { code: 'closed' });
});
