import { Connection } from './connection.js';
import { format, parse } from './wire.js';

const isBehind = (one, other) => one.offset < other.offset;

/**
 * Lets any number of subscribers, of one tab or of all, share one connection. A topic is subscribed to once; who comes later with an older position has the
 * server begin again from there, and the others skip what they have. `emit(port, packet)` reaches one port, or all with a port of null.
 */
export class Hub {
  #emit;
  #connection;
  // topic -> { kind, position, head, isAsking, subscribers, waiting, newest }; what comes after the position is still to come, the head is the newest known.
  #topics = new Map();
  #asked = new Map(); // id on the wire -> what waits for its answer
  #lastId = 0;
  #session = 0;
  #up = false;

  constructor(options, emit) {
    this.#emit = emit;
    this.#connection = new Connection(options, {
      ready: () => {
        this.#reset();
        this.#up = true;
        this.#tell(null);
      },
      status: (detail) => {
        if (detail.status !== 'open') {
          this.#up = false;
          this.#reset();
        }

        this.#status = detail;
        this.#tell(null);
      },
      message: (message) => this.#take(message),
    });
    this.#session = Date.now() * 1000 + Math.floor(Math.random() * 1000);
  }

  #status = { status: 'idle' };

  start() { this.#connection.start(); }

  stop() { this.#connection.stop(); }

  check(isSure) { this.#connection.check(isSure); }

  /** Tells a port how the connection is; it subscribes and publishes when it hears of a session that is new to it. */
  #tell(port) { this.#emit(port, { type: 'state', session: this.#up ? this.#session : 0, ...this.#status }); }

  receive(port, packet) {
    const { type, id, session, ...command } = packet;
    if (type === 'hello') {
      this.#tell(port);
    } else if (type === 'check') {
      this.check(packet.isSure);
    } else if (type === 'start') {
      this.start();
    } else if (session === this.#session && this.#up) {
      if (type === 'subscribe') this.#subscribe({ port, id, ...command });
      else if (type === 'unsubscribe') this.#unsubscribe(command.topic, `${port} ${id}`);
      else if (type === 'publish') this.#send({ type, ...command }, { port, id });
    }
  }

  /** A port is gone with all that it subscribed to. */
  drop(port) {
    for (const [topic, entry] of this.#topics) {
      for (const [key, request] of entry.subscribers) if (request.port === port) this.#unsubscribe(topic, key);
    }
  }

  #reset() {
    this.#session++;
    this.#topics.clear();
    this.#asked.clear();
  }

  #send(command, waiting) {
    const id = ++this.#lastId;
    this.#asked.set(id, waiting);
    this.#connection.send({ ...command, id });
  }

  #subscribe(request) {
    const { topic } = request;
    let entry = this.#topics.get(topic);
    if (!entry) {
      this.#topics.set(topic, entry = { topic, subscribers: new Map(), waiting: [] });
      this.#ask(entry, request);
    } else if (entry.isAsking) {
      entry.waiting.push(request);
    } else {
      this.#join(entry, request);
    }

    entry.subscribers.set(`${request.port} ${request.id}`, request);
  }

  #unsubscribe(topic, key) {
    const entry = this.#topics.get(topic);
    if (!entry?.subscribers.delete(key) || entry.subscribers.size) return;
    this.#topics.delete(topic);
    this.#connection.send({ type: 'unsubscribe', topic });
  }

  #ask(entry, request) {
    const { topic } = entry;
    if (entry.kind) this.#connection.send({ type: 'unsubscribe', topic });
    entry.isAsking = true;
    this.#send({ type: 'subscribe', topic, after: request.after, last: request.last }, { entry, request });
  }

  /** One more of a topic that is subscribed to. */
  #join(entry, request) {
    const { kind, position, head, topic } = entry;
    const after = request.after && parse(request.after);
    const answer = (status) => this.#emit(request.port, {
      type: 'subscribed', id: request.id, topic, kind, status, position: head && format(head), recovered: 0,
    });
    if (kind === 'latest' && entry.isWhole) {
      answer('subscribed');
      for (const message of entry.newest.values()) this.#emit(request.port, { ...message, id: request.id });
    } else if (kind === 'latest') {
      this.#ask(entry, { ...request, after: undefined });
    } else if (position && !after && !request.last) {
      answer('subscribed');
    } else if (position && after && after.epoch === position.epoch && !isBehind(after, position)) {
      answer('recovered');
    } else if (position && after && after.epoch !== position.epoch && !request.last) {
      answer('lost');
    } else {
      this.#ask(entry, request);
    }
  }

  #take(message) {
    const { type, id } = message;
    const waiting = this.#asked.get(id);
    this.#asked.delete(id);
    if (waiting?.entry) {
      if (this.#topics.get(waiting.entry.topic) === waiting.entry) this.#answered(message, waiting);
    } else if (waiting) {
      this.#emit(waiting.port, { ...message, id: waiting.id });
    } else if (type === 'message' || type === 'gap') {
      const entry = this.#topics.get(message.pattern ?? message.topic);
      if (!entry) return;
      if (type === 'gap') {
        entry.position = entry.head = parse(message.to);
      } else {
        const position = parse(message.position);
        entry.position = position;
        if (entry.head?.epoch !== position.epoch || isBehind(entry.head, position)) entry.head = position;
        if (entry.kind === 'latest') entry.newest.delete(message.key), entry.newest.set(message.key, message);
      }

      this.#emit(null, message);
    }
  }

  /** A topic's subscription has begun, or began again for one that came later. */
  #answered(message, { entry, request }) {
    entry.isAsking = false;
    const to = (target) => target && entry.subscribers.has(`${target.port} ${target.id}`) && this.#emit(target.port, { ...message, id: target.id });
    if (message.type === 'error') {
      this.#topics.delete(entry.topic);
      for (const target of entry.subscribers.values()) to(target);
      return;
    }

    const before = entry.position;
    const position = parse(message.position);
    const start = { ...position, offset: position.offset - message.recovered };
    entry.kind = message.kind;
    entry.newest = new Map();
    entry.isWhole = message.status !== 'recovered';
    entry.position = start;
    entry.head = position;
    if (before && (before.epoch !== start.epoch || entry.kind === 'latest')) {
      this.#emit(null, { type: 'gap', topic: entry.topic, to: format(start), lost: true });
    }

    to(request);
    if (before?.epoch === start.epoch && entry.kind !== 'latest' && isBehind(before, start) && request) {
      // It begins behind what the others have: once more from there.
      this.#ask(entry, { after: format(before) });
      entry.position = before;
    }

    // The oldest first: what it asks for serves those that come after it.
    const order = ({ after }) => (after ? parse(after).offset : Infinity);
    for (const next of entry.waiting.splice(0).sort((one, other) => order(one) - order(other))) if (entry.subscribers.has(`${next.port} ${next.id}`)) this.#subscribe(next);
  }
}
