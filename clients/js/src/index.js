import { TopicClient as Client } from './core.js';
import { sharedLink } from './tabs.js';

export { TopicError, adviceOf } from './core.js';

/** In pages the tabs of an origin share one connection, unless `tabs` is false. */
export class TopicClient extends Client {
  constructor(url, { tabs = typeof document !== 'undefined', ...options } = {}) {
    super(url, { link: tabs ? sharedLink : undefined, ...options });
  }
}
