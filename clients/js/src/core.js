// Everything but the sharing between tabs.
export { TopicClient, TopicError } from './client.js';
export { adviceOf } from './connection.js';
