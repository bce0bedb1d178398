const byId = (id) => document.getElementById(id);
const base = new URL('.', location.href);
byId('base').textContent = base;
byId('mcp').textContent = new URL('mcp', base);
let events;
let id = new URLSearchParams(location.search).get('id');

function follow() {
  events?.close();
  byId('answer').textContent = '';
  byId('stop').disabled = false;
  byId('again').hidden = false;
  byId('link').href = `?id=${id}`;
  history.replaceState(null, '', `?id=${id}`);
  // The browser comes back by itself, with the number of the last event that it has.
  events = new EventSource(`v1/responses/${id}?stream=true`);
  events.addEventListener('response.created', () => { byId('status').textContent = 'at work'; });
  events.addEventListener('response.output_text.delta', ({ data }) => byId('answer').append(JSON.parse(data).delta));
  for (const end of ['completed', 'cancelled', 'incomplete']) {
    events.addEventListener(`response.${end}`, () => {
      events.close();
      byId('stop').disabled = true;
      byId('status').textContent = end;
    });
  }
  events.onerror = () => { byId('status').textContent = events.readyState === EventSource.CLOSED ? 'there is no such answer' : 'coming back'; };
}

byId('ask').onsubmit = async (event) => {
  event.preventDefault();
  const answer = await fetch('v1/responses', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'echo', input: byId('question').value, background: true }),
  });
  const body = await answer.json();
  if (!answer.ok) {
    byId('status').textContent = body.error.message;
    return;
  }
  ({ id } = body);
  follow();
};
byId('stop').onclick = () => fetch(`v1/responses/${id}/cancel`, { method: 'POST' });
if (id) follow();
