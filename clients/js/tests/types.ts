// Compiled by `tsc --strict`, never run: the types say what the README shows.
import { TopicClient, TopicError, type TopicMessage } from 'engine-topics';

interface Chat { id: string; from: string; says: string }
type Topics = { [room: `room.${string}`]: Chat; [price: `price.${string}`]: number };

const client = new TopicClient<Topics>('/topics', { storage: localStorage, token: async () => 'a token', advice: (code) => (code === 4001 ? 'never' : undefined) });
const off = client.on('status', ({ status, retryIn }) => console.log(status, retryIn));

export async function run(): Promise<void> {
  using room = client.subscribe('room.1', { last: 256, unique: (message) => message.data.id });
  client.subscribe('price.EUR', (message: TopicMessage<number>) => console.log(message.data.toFixed(2)));
  for await (const { data, position } of room) console.log(data.from, data.says, position);
  try {
    const { position, duplicate } = await client.publish('room.1', { id: '1', from: 'ann', says: 'hello' });
    console.log(position, duplicate);
  } catch (error) {
    if (error instanceof TopicError && error.retry === 'later') console.log(error.code);
  }

  // @ts-expect-error a chat is no number
  await client.publish('room.1', 1);
  // @ts-expect-error there is no such topic
  client.subscribe('hall.1');
  off();
}
