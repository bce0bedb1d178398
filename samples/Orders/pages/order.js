const byId = (id) => document.getElementById(id);
const { order: rendered, position } = JSON.parse(byId('state').textContent);
const isSocket = new URLSearchParams(location.search).get('by') !== 'sse';
let { version } = rendered;
window.versions = [version];

// Changes carry the whole order: one that the page has already is none.
function take(order) {
  if (order.version <= version) return;
  ({ version } = order);
  window.versions.push(version);
  byId('status').textContent = order.status;
  byId('version').textContent = version;
}

function openSocket(after) {
  const address = new URL(`../api/orders/${rendered.id}/ws`, location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  if (after) address.searchParams.set('after', after);
  const socket = new WebSocket(address);
  socket.onopen = () => { byId('wire').textContent = 'live by WebSocket'; };
  socket.onmessage = ({ data }) => take(JSON.parse(data));
  socket.onclose = () => {
    byId('wire').textContent = 'away';
    // Without a place it begins with the order as it is.
    setTimeout(openSocket, 500 + Math.random() * 2_000);
  };
}

function openEvents() {
  const events = new EventSource(`../api/orders/${rendered.id}/events?last_event_id=${position}`);
  events.onopen = () => { byId('wire').textContent = 'live by events'; };
  events.onmessage = ({ data }) => take(JSON.parse(data));
  events.addEventListener('gap', () => location.reload());
}

if (isSocket) openSocket(position);
else openEvents();

new EventSource('../api/notifications').onmessage = ({ data }) => byId('notes').append(Object.assign(document.createElement('li'), { textContent: data }));

byId('print').onclick = async () => {
  const { job } = await (await fetch('../api/jobs', { method: 'POST' })).json();
  const progress = new EventSource(`../api/jobs/${job}/events?last=100`);
  const show = ({ data }) => {
    const { percent } = JSON.parse(data);
    byId('job').value = percent;
    byId('percent').textContent = `${percent} %`;
  };
  progress.onmessage = show;
  progress.addEventListener('done', (event) => {
    show(event);
    progress.close();
  });
};
