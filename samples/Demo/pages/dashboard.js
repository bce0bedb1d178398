const seconds = 120;
const number = (value) => value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 });
const bytes = (value) => {
  const units = ['B', 'KB', 'MB', 'GB'];
  const unit = value < 1 ? 0 : Math.min(3, Math.floor(Math.log(value) / Math.log(1024)));
  return `${(value / 1024 ** unit).toLocaleString('en', { maximumFractionDigits: unit ? 1 : 0 })} ${units[unit]}`;
};
const plots = [
  { title: 'Connections', of: ['connections'], show: number, least: 4 },
  { title: 'Messages a second', of: ['messages'], show: number, least: 10 },
  { title: 'Bytes a second', of: ['sent', 'received'], show: bytes, least: 1024 },
  { title: 'Worst loop lag', of: ['lag'], show: (value) => `${value.toFixed(2)} ms`, least: 1 },
  { title: 'Bytes that wait to be sent', of: ['queued'], show: bytes, least: 1024 },
  { title: 'Memory', of: ['resident', 'managed'], show: bytes, least: 1 << 20 },
];
const samples = [];
let pointed;

for (const plot of plots) {
  const figure = document.createElement('figure');
  figure.innerHTML = `<figcaption><span>${plot.title}</span><b></b></figcaption>
    <div class="plot"><span class="top"></span><svg viewBox="0 0 ${seconds - 1} 100" preserveAspectRatio="none" role="img"></svg></div><div class="key"></div>`;
  const [value, top, svg, key] = ['b', '.top', 'svg', '.key'].map((selector) => figure.querySelector(selector));
  Object.assign(plot, { value, top, svg, key });
  svg.onpointermove = ({ offsetX }) => {
    pointed = Math.max(0, Math.min(seconds - 1, Math.round(offsetX / svg.clientWidth * (seconds - 1))));
    draw();
  };
  svg.onpointerleave = () => {
    pointed = undefined;
    draw();
  };
  document.getElementById('plots').append(figure);
}

function draw() {
  if (!samples.length) return;
  const first = seconds - samples.length;
  const shown = samples[pointed === undefined ? samples.length - 1 : Math.max(0, pointed - first)];
  document.getElementById('at').textContent = pointed === undefined ? '' : `as of ${new Date(shown.at).toLocaleTimeString()}`;
  for (const { title, of, show, least, value, top, svg, key } of plots) {
    const most = Math.max(least, ...samples.flatMap((sample) => of.map((name) => sample[name])));
    const lines = of.map((name, index) => {
      const points = samples.map((sample, at) => `${first + at},${(98 - sample[name] / most * 92).toFixed(2)}`);
      const area = index ? '' : `<polygon class="first" points="${first},100 ${points.join(' ')} ${seconds - 1},100"/>`;
      return `${area}<polyline class="${index ? 'second' : 'first'}" style="fill:none" points="${points.join(' ')}"/>`;
    });
    svg.innerHTML = lines.join('') + (pointed === undefined ? '' : `<line x1="${pointed}" x2="${pointed}" y1="0" y2="100"/>`);
    svg.setAttribute('aria-label', `${title}: ${of.map((name) => `${name} ${show(shown[name])}`).join(', ')}; at most ${show(most)} in two minutes`);
    value.textContent = show(shown[of[0]]);
    top.textContent = show(most);
    if (of.length > 1) key.innerHTML = of.map((name, index) => `<span class="${index ? 'second' : 'first'}" aria-hidden="true">${index ? '╌' : '━'}</span> ${name} ${show(shown[name])}`).join(' &nbsp; ');
  }
}

// The browser comes back by itself, and goes on behind the last figure that it has.
const events = new EventSource(`figures?last=${seconds}`);
events.onopen = () => { document.getElementById('wire').textContent = 'live'; };
events.onerror = () => { document.getElementById('wire').textContent = 'away, coming back'; };
events.onmessage = ({ data }) => {
  samples.push(JSON.parse(data));
  if (samples.length > seconds) samples.shift();
  window.samples = samples;
  requestAnimationFrame(draw);
};
