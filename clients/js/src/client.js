import { Hub } from './hub.js';
import { format, parse, toBase64, toBytes } from './wire.js';

const dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');
const done = { value: undefined, done: true };
const newId = () => toBase64(crypto.getRandomValues(new Uint8Array(9)));

/** What a server, or this client, refuses. `retry` is `later` or `never`. */
export class TopicError extends Error {
  constructor(code, retry = 'never', detail) {
    super(detail ? `${code}: ${detail}` : code);
    this.name = 'TopicError';
    this.code = code;
    this.retry = retry;
  }
}

/** A client of topics.v1. See index.d.ts for what each member promises. */
export class TopicClient {
  #options;
  #link;
  #subscriptions = new Map();
  #outbox = [];
  #session = 0;
  #lastId = 0;
  #listeners = {};
  #detail = { status: 'idle' };
  #isClosed = false;
  #life = new AbortController();

  constructor(url, options = {}) {
    this.id = newId();
    this.#options = { maxOutbox: 500, maxQueue: 10_000, name: `topics ${url}`, ...options, url };
    this.#restore();
    const deliver = (packet) => this.#take(packet);
    this.#link = this.#options.link?.(this.#options, deliver, this.id) ?? localLink(this.#options, deliver);
    this.#watchPage();
    this.#link.send({ type: 'hello' });
    if (this.#outbox.length) this.connect();
  }

  get status() { return this.#detail.status; }

  get pending() { return this.#outbox.length; }

  connect() { this.#link.send({ type: 'start' }); }

  subscribe(topic, options = {}, onMessage) {
    if (typeof options === 'function') [options, onMessage] = [{}, options];
    const id = ++this.#lastId;
    const subscription = new Subscription(topic, { maxQueue: this.#options.maxQueue, onMessage, ...options }, {
      ask: (request) => this.#session && this.#link.send({ type: 'subscribe', session: this.#session, id, topic, ...request }),
      leave: () => this.#link.send({ type: 'unsubscribe', session: this.#session, id, topic }),
      end: () => this.#subscriptions.delete(id),
      raise: (type, detail) => this.#raise(type, detail),
    });
    this.#subscriptions.set(id, subscription);
    subscription.begin();
    if (this.status === 'idle') this.connect();
    return subscription;
  }

  publish(topic, data, { key, event, id } = {}) {
    if (this.#isClosed) return Promise.reject(new TopicError('closed'));
    if (this.#outbox.length >= this.#options.maxOutbox) return Promise.reject(new TopicError('outboxFull', 'later'));
    const body = typeof data === 'string' ? { text: data }
      : data instanceof Uint8Array ? { base64: toBase64(data) }
      : data instanceof ArrayBuffer ? { base64: toBase64(new Uint8Array(data)) }
      // As it is now, and as JSON: what happens to it later is not sent.
      : { data: JSON.parse(JSON.stringify(data ?? null)) };
    const idempotencyKey = id?.toString() ?? `${this.id}-${++this.#lastId}`;
    const command = { topic, ...body, key, event, idempotencyKey };
    return new Promise((resolve, reject) => {
      this.#outbox.push({ command, resolve, reject });
      this.#store();
      this.#flush();
      if (this.status === 'idle') this.connect();
    });
  }

  on(type, listener) {
    const own = (detail) => listener(detail);
    const listeners = this.#listeners[type] ??= new Set();
    listeners.add(own);
    if (type === 'status') own(this.#detail);
    return () => listeners.delete(own);
  }

  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#life.abort();
    for (const subscription of [...this.#subscriptions.values()]) subscription.close();
    this.#link.close();
    for (const { reject } of this.#outbox.splice(0)) reject?.(new TopicError('closed'));
    this.#say({ status: 'closed' });
  }

  [dispose]() { this.close(); }

  /** Sends what this session has not sent. So many at a time that the server, which forgets keys after a thousand, knows each that comes again. */
  #flush() {
    if (!this.#session) return;
    for (const entry of this.#outbox.slice(0, 100)) {
      if (entry.session === this.#session) continue;
      entry.session = this.#session;
      this.#link.send({ type: 'publish', session: this.#session, id: entry.command.idempotencyKey, ...entry.command });
    }
  }

  #take(packet) {
    if (this.#isClosed) return;
    const { type, id } = packet;
    if (type === 'state') {
      const { session, type: _, ...detail } = packet;
      const isNew = session && session !== this.#session;
      this.#session = session;
      if (detail.status !== this.status || detail.status === 'waiting') this.#say(detail);
      if (isNew) {
        for (const subscription of this.#subscriptions.values()) subscription.begin();
        this.#flush();
      } else if (!session) {
        for (const subscription of this.#subscriptions.values()) subscription.pause();
        if (detail.status === 'closed') this.#refuse(detail);
        if (detail.status === 'idle' && (this.#subscriptions.size || this.#outbox.length)) this.connect();
      }
    } else if (type === 'message' || type === 'gap') {
      if (id !== undefined) this.#subscriptions.get(id)?.take(packet);
      else for (const subscription of this.#subscriptions.values()) if (subscription.topic === (packet.pattern ?? packet.topic)) subscription.take(packet);
    } else if (type === 'subscribed' || (type === 'error' && typeof id === 'number')) {
      this.#subscriptions.get(id)?.answered(packet);
    } else {
      this.#acknowledge(packet);
    }
  }

  #acknowledge({ id, type, code, retry, topic, position, duplicate = false }) {
    const index = this.#outbox.findIndex((entry) => entry.command.idempotencyKey === id);
    if (index < 0) return;
    const entry = this.#outbox[index];
    if (type === 'error' && retry === 'later') {
      setTimeout(() => {
        entry.session = 0;
        this.#flush();
      }, 500 + Math.random() * 1_500);
      return;
    }

    this.#outbox.splice(index, 1);
    this.#store();
    this.#flush();
    if (type !== 'error') {
      entry.resolve?.({ topic, position, duplicate });
    } else if (entry.reject) {
      entry.reject(new TopicError(code));
    } else {
      this.#raise('error', { topic, error: new TopicError(code) });
    }
  }

  /** The server wants no more of this client: who waits is told. What is kept over a reload stays kept. */
  #refuse({ code, reason }) {
    const error = new TopicError('refused', 'never', `${code} ${reason}`);
    for (const entry of this.#outbox) entry.reject?.(error);
    if (!this.#options.storage) this.#outbox = [];
    for (const subscription of [...this.#subscriptions.values()]) subscription.close(error);
  }

  #say(detail) {
    this.#detail = detail;
    this.#raise('status', detail);
  }

  #raise(type, detail) { for (const listener of [...this.#listeners[type] ?? []]) listener(detail); }

  #watchPage() {
    const watch = (target, type) => target?.addEventListener?.(type, (event) => {
      if (document.visibilityState !== 'hidden') this.#link.send({ type: 'check', isSure: type === 'online' || event.persisted });
    }, { signal: this.#life.signal });
    watch(globalThis, 'online');
    watch(globalThis, 'pageshow');
    watch(globalThis.document, 'visibilitychange');
  }

  #storeAs(id) { return `${this.#options.name} outbox ${id}`; }

  #store() {
    const { storage } = this.#options;
    if (!storage) return;
    try {
      if (this.#outbox.length) storage.setItem(this.#storeAs(this.id), JSON.stringify(this.#outbox.map((entry) => entry.command)));
      else storage.removeItem(this.#storeAs(this.id));
    } catch (error) {
      this.#raise('error', { error });
    }
  }

  /** Takes over what earlier pages left. A page that still lives may have left it: the server has each message once, by its key. */
  #restore() {
    const { storage } = this.#options;
    if (!storage) return;
    for (const name of Array.from({ length: storage.length }, (_, index) => storage.key(index)).filter((name) => name.startsWith(this.#storeAs('')))) {
      for (const command of JSON.parse(storage.getItem(name))) this.#outbox.push({ command });
      storage.removeItem(name);
    }

    this.#store();
  }
}

/** One subscription: an async iterable, or a callback; where it stands, and how it goes on. */
class Subscription {
  #options;
  #link;
  #last;
  #isLive = false;
  #isFull = false;
  #isEnded = false;
  #error;
  #queue = [];
  #waiting = [];
  #names = new Set();

  constructor(topic, options, link) {
    this.topic = topic;
    this.#options = options;
    this.#link = link;
    this.#last = options.after ? parse(options.after) : undefined;
  }

  get position() { return this.#last && format(this.#last); }

  begin() {
    this.#isLive = false;
    if (!this.#isFull) this.#link.ask({ after: this.position, last: this.#options.last });
  }

  pause() { this.#isLive = false; }

  answered({ type, code, retry, kind, status, position, recovered, lost }) {
    if (type === 'error') {
      if (retry === 'later') setTimeout(() => this.#isEnded || this.begin(), 500 + Math.random() * 1_500);
      else this.close(new TopicError(code));
      return;
    }

    this.#isLive = true;
    this.kind = kind;
    if (status === 'lost') {
      const isOther = kind === 'latest' || !this.#last || parse(position).epoch !== this.#last.epoch;
      this.#gap({ topic: this.topic, after: this.position, to: position, missed: lost });
      if (isOther) this.#last = undefined;
    }

    if (!this.#last && kind !== 'latest' && !recovered && position) this.#last = parse(position);
    this.#options.onSubscribed?.({ topic: this.topic, kind, status, position, recovered });
  }

  take(packet) {
    if (!this.#isLive || this.#isFull) return;
    if (packet.type === 'gap') {
      const to = parse(packet.to);
      if (this.#last && !packet.lost && to.epoch === this.#last.epoch && to.offset <= this.#last.offset) return;
      this.#gap({ topic: packet.topic, after: this.position, to: packet.to, missed: packet.missed });
      this.#last = this.kind === 'latest' ? undefined : to;
      return;
    }

    const position = parse(packet.position);
    if (this.#last?.epoch === position.epoch && position.offset <= this.#last.offset) return;
    if (this.#queue.length >= this.#options.maxQueue) {
      // The server keeps what this reader has no room for.
      this.#isFull = true;
      this.#link.leave();
      return;
    }

    this.#last = position;
    const message = toMessage(packet);
    const name = message.removed ? undefined : this.#options.unique?.(message);
    if (name !== undefined) {
      if (this.#names.has(name)) return;
      this.#names.add(name);
      if (this.#names.size > 1_024) this.#names.delete(this.#names.values().next().value);
    }

    if (this.#options.onMessage) this.#options.onMessage(message);
    else if (this.#waiting.length) this.#waiting.shift().resolve({ value: message, done: false });
    else this.#queue.push(message);
  }

  close(error) {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#link.end();
    this.#error = error;
    if (!error) {
      this.#link.leave();
      this.#queue.length = 0;
    } else if (this.#options.onMessage || this.#options.onError) {
      this.#options.onError?.(error);
      this.#link.raise('error', { topic: this.topic, error });
    }

    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (error) reject(error);
      else resolve(done);
    }
  }

  [dispose]() { this.close(); }

  [Symbol.asyncIterator]() {
    return {
      next: async () => {
        if (this.#queue.length) {
          const value = this.#queue.shift();
          if (this.#isFull && this.#queue.length <= this.#options.maxQueue / 2) {
            this.#isFull = false;
            this.begin();
          }

          return { value, done: false };
        }

        if (this.#error) throw this.#error;
        if (this.#isEnded) return done;
        return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
      },
      return: async () => {
        this.close();
        return done;
      },
    };
  }

  #gap(gap) {
    this.#options.onGap?.(gap);
    this.#link.raise('gap', gap);
  }
}

function toMessage({ topic, position, key, event, state = false, removed = false, data, text, base64 }) {
  const value = text ?? (base64 === undefined ? data : toBytes(base64));
  return { topic, position, key, event, state, removed, data: value };
}

/** A connection for this client alone. */
function localLink(options, deliver) {
  const hub = new Hub(options, (_, packet) => deliver(packet));
  return { send: (packet) => hub.receive('', packet), close: () => hub.stop() };
}
