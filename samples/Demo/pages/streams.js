const byId = id => document.getElementById(id);

// Counter: an EventSource comes back by itself, with the id of the last event it saw.
new EventSource('/counter').onmessage = event => byId('counter').textContent = event.data;

// Proxy.
new EventSource('/fahrenheit').addEventListener('fahrenheit', event => byId('fahrenheit').textContent = `${event.data} °F`);

// Tokens: closing the source is all it takes to stop the server's work.
let answer = null;

function stopTokens(state) {
  answer?.close();
  answer = null;
  byId('tokens-state').textContent = state;
}

byId('tokens-form').onsubmit = event => {
  event.preventDefault();
  stopTokens('thinking');
  byId('tokens').textContent = '';
  answer = new EventSource(`/tokens?prompt=${encodeURIComponent(byId('tokens-prompt').value)}`);
  answer.addEventListener('token', token => byId('tokens').append(token.data));
  answer.addEventListener('done', done => stopTokens(done.data));
};
byId('tokens-stop').onclick = () => stopTokens('stopped');

// A long job: the POST answers with its id, the stream with its progress. "done" ends it on both sides: who came back would be answered with 204.
byId('job-form').onsubmit = async event => {
  event.preventDefault();
  const response = await fetch('/jobs', { method: 'POST' });
  if (response.status !== 202) {
    byId('job-state').textContent = `refused: ${response.status}`;
    return;
  }
  byId('job-state').textContent = 'running';
  const job = new EventSource(`/jobs/${await response.text()}`);
  job.addEventListener('progress', progress => {
    byId('job-progress').value = Number(progress.data);
    byId('job-percent').textContent = `${progress.data} %`;
  });
  job.addEventListener('done', done => {
    job.close();
    byId('job-state').textContent = done.data;
  });
};
