import { openEvents, openWebSocket } from './transports.js';

/** What to do after a close: `again` soon, `later` with growing waits, `never`. Codes under 1000 are HTTP's. */
export function adviceOf(code) {
  if (code === 1001 || code === 1012) return 'again';
  if ([204, 403, 1000, 1002, 1003, 1007, 1008, 1010].includes(code)) return 'never';
  return 'later';
}

/** One connection that comes back: the transport, when to try again, and whether the server still lives. */
export class Connection {
  #options;
  #on;
  #transport;
  #life = 0;
  #failures = 0;
  #timer;
  #pulse;
  #since = 0;
  #isAsked = false;
  #kind;
  #hadWebSocket = false;
  #window;

  constructor(options, on) {
    this.#options = { minWait: 500, maxWait: 20_000, heartbeat: 25_000, patience: 10_000, transport: 'auto', random: Math.random, ...options };
    this.#on = on;
    this.status = 'idle';
  }

  /** Connects if it is not connected, at once if it waits. */
  start() {
    if (this.status === 'idle' || this.status === 'closed' || this.status === 'waiting') this.#attempt();
  }

  send(command) { this.#transport?.send(command); }

  /** Something has happened after which the connection may be dead: it is asked, or made anew where it cannot be asked. */
  check(isSure = false) {
    if (this.status === 'waiting') this.#attempt();
    else if (this.status !== 'open') return;
    else if (this.#kind === 'websocket') this.#ask(Math.min(3_000, this.#options.patience));
    else if (isSure) this.#lost({ code: 1001, reason: 'checked' });
  }

  stop(detail = {}) {
    this.#end();
    this.#say('closed', detail);
  }

  #end() {
    this.#life++;
    clearTimeout(this.#timer);
    clearTimeout(this.#pulse);
    const transport = this.#transport;
    this.#transport = undefined;
    transport?.close();
  }

  #say(status, detail) {
    this.status = status;
    this.#on.status({ status, transport: this.#kind, ...detail });
  }

  async #attempt() {
    this.#end();
    const life = this.#life;
    const isOurs = () => life === this.#life;
    this.#since = 0;
    this.#say('connecting');
    this.#timer = setTimeout(() => this.#lost({ code: 1006, reason: 'no answer in time' }), this.#options.patience);
    try {
      const token = await this.#options.token?.();
      if (!isOurs()) return;
      this.#kind = this.#choose();
      this.#transport = (this.#kind === 'websocket' ? openWebSocket : openEvents)(this.#options, token, {
        ready: () => isOurs() && this.#on.ready(),
        open: () => {
          if (!isOurs() || this.status === 'open') return;
          clearTimeout(this.#timer);
          this.#hadWebSocket ||= this.#kind === 'websocket';
          this.#since = Date.now();
          this.#say('open');
          this.#alive();
        },
        alive: () => isOurs() && this.#alive(),
        message: (message) => {
          if (!isOurs()) return;
          if (message.type === 'advice') this.#window = message.withinMilliseconds;
          else this.#on.message(message);
        },
        closed: (close) => isOurs() && this.#lost(close),
      });
    } catch (error) {
      if (isOurs()) this.#lost({ code: 1006, reason: error.message });
    }
  }

  /** A WebSocket, unless it never opened here and the last attempt was one. */
  #choose() {
    const { transport, WebSocket = globalThis.WebSocket } = this.#options;
    if (transport !== 'auto') return transport;
    if (!WebSocket) return 'events';
    return this.#hadWebSocket || this.#kind !== 'websocket' ? 'websocket' : 'events';
  }

  #lost({ code, reason, wait = 0 }) {
    const { minWait, maxWait, random, advice, transport, token } = this.#options;
    // A server that stops says in which time its clients are to come back, each at a moment of its own.
    const bound = this.#window;
    this.#window = undefined;
    const wasOpen = this.#since > 0;
    if (wasOpen && Date.now() - this.#since > 5_000) this.#failures = 0;
    this.#end();
    const what = advice?.(code, reason) ?? (code === 401 && !token ? 'never' : adviceOf(code));
    if (what === 'never') {
      this.#say('closed', { code, reason });
      return;
    }

    // A WebSocket that does not open may be a proxy's fault: the other way is tried at once.
    const isOther = !wasOpen && transport === 'auto' && this.#kind === 'websocket' && !this.#hadWebSocket && globalThis.fetch;
    if (code === 1013) this.#failures = Math.max(this.#failures, 3);
    const retryIn = isOther ? 0 : wait + random() * (bound ?? Math.min(maxWait, minWait * 2 ** Math.min(what === 'again' && wasOpen ? 1 : this.#failures++, 16)));
    this.#say('waiting', { code, reason, retryIn });
    this.#timer = setTimeout(() => this.#attempt(), retryIn);
  }

  #alive() {
    clearTimeout(this.#pulse);
    this.#isAsked = false;
    const { heartbeat, patience } = this.#options;
    this.#pulse = this.#kind === 'websocket'
      ? setTimeout(() => this.#ask(patience), heartbeat)
      // Servers comment on quiet streams every 30 seconds.
      : setTimeout(() => this.#transport.isQuiet ? this.#alive() : this.#lost({ code: 1006, reason: 'silent' }), 3 * heartbeat);
  }

  #ask(patience) {
    if (this.#isAsked) return;
    this.#isAsked = true;
    clearTimeout(this.#pulse);
    this.send({ type: 'ping' });
    this.#pulse = setTimeout(() => this.#lost({ code: 1006, reason: 'no pong' }), patience);
  }
}
