/** One message of a topic. */
export interface TopicMessage<T = any> {
  /** The topic that it was published to. */
  topic: string;
  /** Its place in the topic. Hand it back as `after` to go on behind it. */
  position: string;
  /** The key that it is the newest value of, on a latest topic. */
  key?: string;
  /** The type of the event, where the publisher named one. */
  event?: string;
  /** Whether it is the state of the topic, which the server made for this subscription. */
  state: boolean;
  /** Whether the key has no value any more; then there is no data. */
  removed: boolean;
  /** JSON as a value, text as a string, bytes as a Uint8Array. */
  data: T;
}

/** Messages are missing here: after which position, up to which, and how many where that is known. */
export interface TopicGap {
  topic: string;
  after?: string;
  to: string;
  missed?: number | null;
}

export interface Acknowledgement {
  topic: string;
  /** Where the message stands. */
  position: string;
  /** Whether the topic had it already, by an earlier try. */
  duplicate: boolean;
}

/** `waiting` is between two attempts; `closed` is the end: by `close()`, or because the server wants no more of this client. */
export type Status = 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';

export interface StatusDetail {
  status: Status;
  transport?: 'websocket' | 'events';
  /** Why it waits or has closed: a close code of WebSockets, or a status of HTTP. */
  code?: number;
  reason?: string;
  /** Milliseconds until the next attempt. */
  retryIn?: number;
}

/** What to do after a close: come back soon, come back with growing waits, or not at all. */
export type Advice = 'again' | 'later' | 'never';

export interface TopicClientOptions {
  /** Where the events are (GET), when the server streams them elsewhere than at the client's address. */
  events?: string | URL;
  /** Where messages are posted, followed by the topic; the client's address by default. */
  publish?: string | URL;
  /** By default a WebSocket, and events where WebSockets do not get through. */
  transport?: 'auto' | 'websocket' | 'events';
  /** Asked before each attempt to connect. Sent as `access_token` in a WebSocket's address, as a bearer token else. */
  token?: () => string | undefined | Promise<string | undefined>;
  /** Whether the tabs of an origin share one connection; true in pages that have Web Locks (https, or localhost). */
  tabs?: boolean;
  /** Names what tabs share and what is stored; by the address by default. */
  name?: string;
  /** Milliseconds: a tab that is seen asks the leader so often whether it is there, and takes over when it has not answered for as long; 2,000 by default. */
  leaderPatience?: number;
  /** Messages that wait for their acknowledgement at most; 500 by default. One more is refused. */
  maxOutbox?: number;
  /** Messages that wait for a reader of a subscription at most; 10,000 by default. What comes then stays with the server until there is room. */
  maxQueue?: number;
  /** Keeps the outbox over a reload: `localStorage`, or what `openStorage` of `engine-topics/indexeddb` opens; none by default. */
  storage?: Storage;
  /** Milliseconds: attempts wait a random time up to this, doubled each time, at most `maxWait`; 500 and 20,000 by default. */
  minWait?: number;
  maxWait?: number;
  /** Milliseconds of silence after which the server is asked for a sign of life; 25,000 by default. */
  heartbeat?: number;
  /** Milliseconds that an attempt, or the answer to a heartbeat, may take; 10,000 by default. */
  patience?: number;
  /** Overrules what is done after a close; undefined leaves it to {@link adviceOf}. */
  advice?: (code: number, reason: string) => Advice | undefined;
  /** The classes that connect, where the platform has none or for tests. */
  WebSocket?: new (url: string, protocol: string) => any;
  fetch?: typeof fetch;
  random?: () => number;
}

export interface SubscribeOptions<T = any> {
  /** The last position that the caller has: what came after it comes first. */
  after?: string;
  /** Without a position, or with one that the server does not know any more: begins with so many of the last messages. For stream topics. */
  last?: number;
  /** Names a message: of those with the same name among the last 1,024 only the first is given. Holds over a restart of the server, which positions do not. */
  unique?: (message: TopicMessage<T>) => string | number | undefined;
  /** Messages that wait for a reader at most. */
  maxQueue?: number;
  /** Takes the messages as they come, instead of the iterator. */
  onMessage?: (message: TopicMessage<T>) => void;
  /** Told in its place among the messages. */
  onGap?: (gap: TopicGap) => void;
  /** The subscription has begun, or has begun again. */
  onSubscribed?: (answer: { topic: string; kind: 'ephemeral' | 'stream' | 'latest'; status: 'subscribed' | 'recovered' | 'lost'; position: string; recovered: number }) => void;
  /** The server refuses the subscription: it has ended. */
  onError?: (error: TopicError) => void;
}

/** Goes on over every loss of the connection, until it is closed. A loop that ends closes it. */
export interface TopicSubscription<T = any> extends AsyncIterable<TopicMessage<T>>, Disposable {
  readonly topic: string;
  /** The last position that was given; keep it to go on after a reload. */
  readonly position: string | undefined;
  readonly kind: 'ephemeral' | 'stream' | 'latest' | undefined;
  close(): void;
}

export interface PublishOptions {
  /** The key on a latest topic. */
  key?: string;
  /** The type of the event. */
  event?: string;
  /** What the server knows the message by when it comes twice; made by the client by default. */
  id?: string;
}

export interface ClientEvents {
  /** Told at once, and at each change. */
  status: StatusDetail;
  /** Messages are missing in a subscription. */
  gap: TopicGap;
  /** A subscription with a callback was refused, a stored message was refused, or the storage is full. */
  error: { topic?: string; error: Error };
}

/** What a server, or this client, refuses. */
export class TopicError extends Error {
  /** The server's code, or `outboxFull`, `closed`, `refused`. */
  readonly code: string;
  readonly retry: 'later' | 'never';
  constructor(code: string, retry?: 'later' | 'never', detail?: string);
}

/** What a close code means when nothing overrules it. */
export function adviceOf(code: number): Advice;

/**
 * Topics of one server. It connects with the first subscription or message, and comes back whenever the connection is lost.
 * The type parameter says what each topic carries: `TopicClient<{ [room: `room.${string}`]: Chat }>`.
 */
export class TopicClient<T extends object = Record<string, any>> implements Disposable {
  constructor(url: string | URL, options?: TopicClientOptions);
  /** Names this client in the keys of its messages. */
  readonly id: string;
  readonly status: Status;
  /** Messages that wait for their acknowledgement. */
  readonly pending: number;
  /** Connects at once, also after the server has sent this client away. */
  connect(): void;
  subscribe<K extends keyof T & string>(topic: K, options?: SubscribeOptions<T[K]>): TopicSubscription<T[K]>;
  subscribe<K extends keyof T & string>(topic: K, onMessage: (message: TopicMessage<T[K]>) => void): TopicSubscription<T[K]>;
  subscribe<K extends keyof T & string>(topic: K, options: SubscribeOptions<T[K]>, onMessage: (message: TopicMessage<T[K]>) => void): TopicSubscription<T[K]>;
  /**
   * Sends a message now, or when there is a connection again. Resolves when the topic has it; tries that may have been lost are repeated, and the topic has it
   * once. Rejects with a {@link TopicError} when it is refused.
   */
  publish<K extends keyof T & string>(topic: K, data: T[K], options?: PublishOptions): Promise<Acknowledgement>;
  /** Listens; the answer ends it. */
  on<E extends keyof ClientEvents>(type: E, listener: (detail: ClientEvents[E]) => void): () => void;
  /** Ends every subscription and the connection. What is stored stays stored. */
  close(): void;
  [Symbol.dispose](): void;
}
