const byId = (id) => document.getElementById(id);
const canvas = byId('field');
const ctx = canvas.getContext('2d');
const delay = 100; // what is drawn is so old, so that there is a newer place to move towards
const players = new Map(); // id -> { area, from, to, fromTick, toTick }
const gems = new Map(); // area -> { x, y }
let world;
let socket;
let tick = 0;
let tickAt = 0;
let bytes = 0;
let waits = 0;

function connect() {
  const address = new URL('play', location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  socket = new WebSocket(address);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => { byId('status').textContent = 'playing'; waits = 0; };
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') figures(JSON.parse(data));
    else {
      bytes += data.byteLength;
      take(new DataView(data));
    }
  };
  socket.onclose = ({ reason }) => {
    byId('status').textContent = reason || 'away';
    players.clear();
    world = undefined;
    tick = 0;
    setTimeout(connect, Math.random() * Math.min(10_000, 500 * 2 ** waits++));
  };
}

function take(view) {
  if (view.getUint8(0) === 1) {
    world = { id: view.getUint16(1, true), size: view.getUint16(3, true), columns: view.getUint8(5), rows: view.getUint8(6), rate: view.getUint8(7) };
    return;
  }
  const area = view.getUint8(1);
  const at = view.getUint32(2, true);
  const place = (offset) => {
    const bits = view.getUint8(offset) | view.getUint8(offset + 1) << 8 | view.getUint8(offset + 2) << 16;
    return {
      x: (area % world.columns + (bits & 0xfff) / 4096) * world.size,
      y: (Math.floor(area / world.columns) + (bits >> 12) / 4096) * world.size,
    };
  };
  gems.set(area, place(6));
  for (let offset = 9; offset < view.byteLength; offset += 5) {
    const id = view.getUint16(offset, true);
    const known = players.get(id);
    if (known && known.toTick >= at) continue;
    const to = place(offset + 2);
    players.set(id, { from: known ? known.to : to, to, fromTick: known ? known.toTick : at, toTick: at });
  }
  if (at <= tick) return;
  tick = at;
  tickAt = performance.now();
  send();
}

// Where to, and the last tick that arrived: with each tick, so that the server knows how far this page is behind.
const keys = new Set();
let pointer;
const ways = { ArrowLeft: [-1, 0], KeyA: [-1, 0], ArrowRight: [1, 0], KeyD: [1, 0], ArrowUp: [0, -1], KeyW: [0, -1], ArrowDown: [0, 1], KeyS: [0, 1] };
function send() {
  let [dx, dy] = [...keys].reduce(([x, y], key) => [x + ways[key][0], y + ways[key][1]], [0, 0]);
  if (pointer) [dx, dy] = [(pointer.x - canvas.clientWidth / 2) / 120, (pointer.y - canvas.clientHeight / 2) / 120];
  const length = Math.max(1, Math.hypot(dx, dy));
  const view = new DataView(new ArrayBuffer(7));
  view.setUint8(0, 1);
  view.setInt8(1, Math.round(dx / length * 127));
  view.setInt8(2, Math.round(dy / length * 127));
  view.setUint32(3, tick, true);
  if (socket.readyState === WebSocket.OPEN) socket.send(view);
}
canvas.onkeydown = (event) => {
  if (!ways[event.code]) return;
  event.preventDefault();
  keys.add(event.code);
};
canvas.onkeyup = ({ code }) => keys.delete(code);
canvas.onblur = () => keys.clear();
canvas.onpointerdown = (event) => {
  canvas.focus();
  canvas.setPointerCapture(event.pointerId);
  pointer = { x: event.offsetX, y: event.offsetY };
};
canvas.onpointermove = (event) => { if (pointer) pointer = { x: event.offsetX, y: event.offsetY }; };
canvas.onpointerup = canvas.onpointercancel = () => { pointer = undefined; };

function draw() {
  requestAnimationFrame(draw);
  const ratio = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  if (!world) return;
  const now = tick + (performance.now() - tickAt - delay) / 1000 * world.rate;
  const placeOf = ({ from, to, fromTick, toTick }) => {
    const share = toTick === fromTick ? 1 : Math.max(0, Math.min(1, (now - fromTick) / (toTick - fromTick)));
    return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
  };
  const self = players.get(world.id);
  if (self) window.myPlace = self.to;
  const me = self ? placeOf(self) : { x: world.size, y: world.size };
  ctx.translate(width / 2 - me.x, height / 2 - me.y);
  ctx.lineWidth = 1;
  ctx.strokeStyle = gridColour;
  for (let x = 0; x <= world.columns * world.size; x += world.size / 6) line(x, 0, x, world.rows * world.size);
  for (let y = 0; y <= world.rows * world.size; y += world.size / 6) line(0, y, world.columns * world.size, y);
  ctx.fillStyle = '#c9881a';
  for (const { x, y } of gems.values()) {
    ctx.beginPath();
    ctx.moveTo(x, y - 12);
    ctx.lineTo(x + 9, y);
    ctx.lineTo(x, y + 12);
    ctx.lineTo(x - 9, y);
    ctx.fill();
  }
  for (const [id, player] of players) {
    // Who was not heard of for a while is out of sight.
    if (tick - player.toTick > world.rate) {
      players.delete(id);
      continue;
    }
    const { x, y } = placeOf(player);
    ctx.fillStyle = `hsl(${id * 137 % 360} 55% 50%)`;
    ctx.beginPath();
    ctx.arc(x, y, 12, 0, 7);
    ctx.fill();
    if (id !== world.id) continue;
    ctx.lineWidth = 3;
    ctx.strokeStyle = '#2f7d6b';
    ctx.beginPath();
    ctx.arc(x, y, 18, 0, 7);
    ctx.stroke();
  }
}
function line(x, y, toX, toY) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(toX, toY);
  ctx.stroke();
}
const dark = matchMedia('(prefers-color-scheme: dark)');
let gridColour = dark.matches ? '#24322d' : '#dde5e1';
dark.onchange = () => { gridColour = dark.matches ? '#24322d' : '#dde5e1'; };

const worst = [];
function figures({ players: count, behind, worst: late, p50, p99, bytes: sent, best }) {
  worst.push(late);
  if (worst.length > 60) worst.shift();
  const top = Math.max(2, ...worst);
  byId('ticks').innerHTML = `<polyline points="${worst.map((value, index) => `${index * 240 / 59},${58 - value / top * 54}`).join(' ')}"/>`;
  byId('players').textContent = count;
  byId('behind').textContent = behind;
  byId('p50').textContent = `${p50.toFixed(2)} ms`;
  byId('p99').textContent = `${p99.toFixed(2)} ms`;
  byId('sent').textContent = `${(sent / 1024).toFixed(0)} KB`;
  byId('received').textContent = `${(bytes / 1024).toFixed(1)} KB/s`;
  byId('age').textContent = `${Math.round(performance.now() - tickAt)} ms`;
  byId('points').textContent = best.find(([id]) => id === world?.id)?.[1] ?? '–';
  byId('best').replaceChildren(...best.map(([id, points]) => Object.assign(document.createElement('li'), { textContent: `${id === world?.id ? 'you' : `player ${id}`}: ${points}` })));
  window.told = (window.told ?? 0) + 1;
  bytes = 0;
}

connect();
draw();
