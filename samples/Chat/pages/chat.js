import { TopicClient } from './client/index.js';
import { Peers } from './peers.js';

const byId = (id) => document.getElementById(id);
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

const bots = ['Sage', 'Pirate', 'Clerk'];
const query = new URLSearchParams(location.search);
byId('name').value = query.get('name') ?? '';
byId('room').value = query.get('room') ?? 'lobby';
byId('sign-in').onsubmit = (event) => {
  event.preventDefault();
  enter(byId('name').value, byId('room').value);
};
if (query.get('name')) enter(byId('name').value, byId('room').value);

function enter(name, room) {
  byId('sign-in').hidden = true;
  byId('chat').hidden = false;
  byId('room-name').textContent = room;
  byId('events').href = `events?topic=room.${room}`;
  document.title = `#${room}`;

  // All tabs of one member share a connection and, over a reload, what they have not sent yet.
  const client = new TopicClient('topics', {
    name: `chat ${name}`,
    events: 'events',
    storage: localStorage,
    token: async () => {
      const answer = await fetch('auth', { method: 'POST', body: name });
      if (!answer.ok) throw new Error(`the sign-in was answered with ${answer.status}`);
      return answer.text();
    },
  });
  window.client = client;

  const say = (topic, data) => client.publish(`${topic}.${room}`, data).catch((error) => note(`not sent: ${error.message}`));
  const newId = () => `${client.id}-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;

  // Messages: those that were heard, and below them those that wait.
  const items = new Map();
  const append = (item) => {
    const list = byId('messages');
    const isAtEnd = list.scrollTop + list.clientHeight > list.scrollHeight - 40;
    list.append(item);
    while (list.children.length > 500) list.firstChild.remove();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
    return item;
  };
  const note = (text) => append(make('li', { className: 'note' }, text));
  const fill = (item, { from, text, at }) => item.replaceChildren(make('b', {}, from), make('span', { className: 'text', title: at ? new Date(at).toLocaleTimeString() : '' }, text));

  client.subscribe(`room.${room}`, { last: 256, unique: ({ data }) => data.id }, ({ data }) => {
    byId('outbox').querySelector(`[data-id="${CSS.escape(data.id)}"]`)?.remove();
    if (data.type === 'clear') {
      byId('messages').replaceChildren();
      items.clear();
      note(`${data.from} cleared the room`);
    } else if (data.type === 'chat' || data.type === 'ai-request') {
      const item = items.get(data.id) ?? append(make('li'));
      items.delete(data.id);
      item.className = data.from === name ? 'own' : '';
      item.dataset.id = data.id;
      fill(item, data);
      stopTyping(data.from);
    }
  });

  // What passes: who types, for three seconds, and what bots are about to say.
  const typing = new Map();
  const showTyping = () => { byId('typing').textContent = typing.size ? `${[...typing.keys()].join(', ')} ${typing.size > 1 ? 'are' : 'is'} typing …` : ''; };
  const stopTyping = (who) => {
    clearTimeout(typing.get(who));
    typing.delete(who);
    showTyping();
  };
  client.subscribe(`live.${room}`, ({ data }) => {
    if (data.type === 'typing' && data.from !== name) {
      clearTimeout(typing.get(data.from));
      typing.set(data.from, setTimeout(stopTyping, 3_000, data.from));
      showTyping();
    } else if (data.type === 'token') {
      const item = items.get(data.id) ?? append(make('li', { className: 'streaming' }));
      items.set(data.id, item);
      fill(item, { from: data.from, text: (item.querySelector('.text')?.textContent ?? '') + data.text });
    }
  });

  // Who is here. The state that a subscription begins with is no news.
  const members = new Map();
  const media = new Map();
  let known = 0;
  const offset = (position) => Number(position.split('-')[1]);
  const showMembers = () => {
    byId('members').replaceChildren(...[...members.keys()].sort().map((member) => {
      const { microphone, camera } = media.get(member) ?? {};
      const item = make('li', {}, make('span', {}, `${member}${microphone ? ' · mic' : ''}${camera ? ' · cam' : ''}`));
      item.dataset.member = member;
      if (member !== name) item.append(make('button', { type: 'button', className: 'small', onclick: () => peers.call(member) }, 'connect'));
      return item;
    }));
  };
  client.subscribe(`room.${room}@presence`, {
    onSubscribed: ({ position }) => { known = offset(position); },
    onGap: () => members.clear(),
  }, ({ key, data, removed, position }) => {
    const isNews = offset(position) > known;
    if (key === '#count') {
      byId('count').textContent = data;
    } else if (removed) {
      members.delete(key);
      if (isNews) note(`${key} left`);
    } else {
      if (isNews && !members.has(key) && key !== name) note(`${key} joined`);
      members.set(key, data);
    }

    showMembers();
  });
  client.subscribe(`media.${room}`, { onGap: () => media.clear() }, ({ key, data }) => {
    media.set(key, data);
    showMembers();
  });
  for (const which of ['microphone', 'camera']) {
    byId(which).onchange = () => say('media', { type: 'media-state', microphone: byId('microphone').checked, camera: byId('camera').checked });
  }

  byId('bots').replaceChildren(...bots.map((bot) => {
    const isOn = make('input', { type: 'checkbox', id: `bot-${bot}`, onchange: () => say('bots', { type: 'bot-toggle', bot, on: isOn.checked }) });
    return make('li', {}, make('label', {}, isOn, ` ${bot}`), make('button', {
      type: 'button', className: 'small', onclick: () => say('room', { type: 'ai-request', id: newId(), bot, text: byId('text').value || 'Say something.' }),
    }, 'ask'));
  }));
  client.subscribe(`bots.${room}`, ({ key, data }) => {
    const box = byId(`bot-${key}`);
    if (box) box.checked = data.on === true;
  });

  const peers = new Peers((to, data) => client.publish(`signal.${room}.${to}`, data), (text) => { byId('peers').textContent = text; });
  client.subscribe(`signal.${room}.${name}`, ({ data }) => peers.take(data));

  byId('send').onsubmit = (event) => {
    event.preventDefault();
    const text = byId('text').value.trim();
    if (!text) return;
    byId('text').value = '';
    send(text);
  };
  const send = (text) => {
    const id = newId();
    const item = make('li', {}, text);
    item.dataset.id = id;
    byId('outbox').append(item);
    return say('room', { type: 'chat', id, text });
  };
  window.send = send;

  let lastTyping = 0;
  byId('text').oninput = () => {
    if (client.status !== 'open' || Date.now() - lastTyping < 1_500) return;
    lastTyping = Date.now();
    say('live', { type: 'typing' });
  };
  byId('clear').onclick = () => say('room', { type: 'clear', id: newId() });
  client.on('status', ({ status, transport, retryIn }) => {
    byId('status').textContent = status === 'open' ? `open over ${transport}` : status === 'waiting' ? `waiting ${Math.ceil(retryIn / 1000)} s` : status;
    byId('status').dataset.status = status;
  });
  byId('text').focus();
}
