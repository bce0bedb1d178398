import { Hub } from './hub.js';

/**
 * One connection for all tabs of an origin. The tab that holds the lock leads: it has the connection, and speaks with the others by a BroadcastChannel. When
 * it goes, the browser gives the lock to another, and every tab goes on where it was.
 */
export function sharedLink(options, deliver, own) {
  const { locks } = globalThis.navigator ?? {};
  if (!locks || !globalThis.BroadcastChannel) return undefined;
  const { name, patience = 2_000 } = { name: options.name, patience: options.leaderPatience };
  const channel = new BroadcastChannel(name);
  const lives = new AbortController();
  const watched = new Set();
  let hub;
  let release;
  let probe;
  let queued;
  let asked = 0;

  const post = (packet) => {
    try {
      channel.postMessage(packet);
    } catch {
      // Closed.
    }
  };

  const emit = (to, packet) => {
    if (to === null || to === own) queueMicrotask(() => deliver(packet));
    if (to !== own && (watched.size || packet.type === 'state')) post({ to, packet });
  };

  const watch = (tab) => {
    if (watched.has(tab)) return;
    watched.add(tab);
    locks.request(`${name} tab ${tab}`, { signal: lives.signal }, () => {
      watched.delete(tab);
      hub?.drop(tab);
    }).catch(() => {});
  };

  const answered = () => {
    clearTimeout(probe);
    probe = undefined;
  };

  const lead = (steal) => {
    queued?.abort();
    const wait = queued = new AbortController();
    let mine;
    locks.request(`${name} leader`, steal ? { steal } : { signal: wait.signal }, () => {
      answered();
      if (lives.signal.aborted) return undefined;
      mine = hub = new Hub(options, (to, packet) => hub === mine && emit(to, packet));
      post({ leader: own });
      hub.receive(own, { type: 'hello' });
      return new Promise((resolve) => { release = resolve; });
    }).catch(() => {
      if (!mine) return;
      // Another tab found this one frozen, and took over.
      if (hub === mine) hub = undefined;
      mine.stop();
      if (!lives.signal.aborted) lead(false);
    });
  };

  /** Asks whether the leader still answers; one that is frozen holds its lock, and is replaced. */
  const ask = () => {
    if (hub || !isHeld || lives.signal.aborted) return;
    asked = Date.now();
    post({ from: own, packet: { type: 'hello' } });
    // Not begun anew by the next question: it is the first without an answer that counts.
    probe ??= setTimeout(() => {
      probe = undefined;
      if (!hub && !lives.signal.aborted) lead(true);
    }, patience);
  };

  channel.onmessage = ({ data: { to, from, leader, packet } }) => {
    if (from !== undefined) {
      if (!hub) return;
      watch(from);
      hub.receive(from, packet);
    } else if (leader !== undefined) {
      answered();
      ask();
    } else if (!hub && (to === null || to === own)) {
      answered();
      deliver(packet);
    }
  };

  // Held for as long as this tab lives: the leader learns by it that the tab is gone. Nobody hears of the tab before it has the lock.
  let isHeld = false;
  locks.request(`${name} tab ${own}`, { signal: lives.signal }, () => {
    isHeld = true;
    lead(false);
    ask();
    return new Promise((resolve) => lives.signal.addEventListener('abort', resolve));
  }).catch(() => {});
  const timer = setInterval(() => globalThis.document?.visibilityState !== 'hidden' && ask(), patience);
  return {
    send(packet) {
      if (hub) hub.receive(own, packet);
      else if (isHeld) post({ from: own, packet });
      if (packet.type === 'check' || Date.now() - asked > 1_000) ask();
    },
    close() {
      clearInterval(timer);
      answered();
      const mine = hub;
      hub = undefined;
      mine?.stop();
      lives.abort();
      queued?.abort();
      release?.();
      channel.close();
    },
    get isLeader() { return hub !== undefined; },
  };
}
