"""The files of the page: constants, so that they need no file system and no RAM once frozen."""

ICON = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#14213d"/>
<path d="M4 20h5l3-9 5 13 4-8h7" fill="none" stroke="#4ade80" stroke-width="3"
 stroke-linecap="round" stroke-linejoin="round"/>
</svg>
"""

STYLE = b""":root {
  color-scheme: light dark;
  --page: #f3f5f9; --card: #fff; --edge: #dfe4ec; --text: #172033; --quiet: #566176;
  --accent: #1d5fd1; --on-accent: #fff; --good: #0f7a3d; --warn: #9a5b00; --bad: #b8202f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1219; --card: #161d28; --edge: #29344a; --text: #e7ecf5; --quiet: #9aa8be;
    --accent: #6ea8ff; --on-accent: #0b1524; --good: #5bd68a; --warn: #f2b955; --bad: #ff8a92;
  }
}
* { box-sizing: border-box; margin: 0; }
body {
  max-width: 1160px; margin: 0 auto; padding: 24px 20px 40px;
  background: var(--page); color: var(--text);
  font: 16px/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums;
}
h1 { font-size: 1.6rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { font-size: 1rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.quiet { color: var(--quiet); font-size: .875rem; }
.row { display: flex; flex-wrap: wrap; gap: 8px 20px; justify-content: space-between; }
.row { align-items: center; }
header { display: flex; align-items: center; gap: 14px; margin-bottom: 20px; }
header div { flex: 1; min-width: 0; }
header .quiet { display: flex; flex-wrap: wrap; column-gap: 16px; }
#lamp { width: 52px; flex: none; }
.glow { opacity: .25; }
.bulb { stroke: var(--edge); stroke-width: 2; }
.off .glow { opacity: 0; }
.off .bulb { fill: var(--card); }
.badge {
  padding: 4px 12px; border: 1px solid var(--edge); border-radius: 99px; background: var(--card);
  color: var(--quiet); font-size: .875rem; font-weight: 600; white-space: nowrap;
}
.live, .lost { color: var(--good); }
.live::before, .lost::before {
  content: ''; display: inline-block; width: 8px; height: 8px; margin-right: 7px;
  border-radius: 99px; background: currentColor; vertical-align: 1px;
}
.lost { color: var(--bad); }
@media (prefers-reduced-motion: no-preference) {
  .live::before { animation: beat 1s infinite alternate; }
  @keyframes beat { to { opacity: .3; } }
}
main { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 1fr); gap: 16px; }
.card { padding: 18px 20px; border: 1px solid var(--edge); border-radius: 14px; }
.card { background: var(--card); }
.tiles { display: grid; grid-column: 1 / -1; grid-template-columns: repeat(4, 1fr); gap: 16px; }
.tile h2 { color: var(--quiet); font-size: .875rem; font-weight: 500; }
.tile { position: relative; overflow: hidden; }
.tile svg { position: absolute; bottom: 0; left: 0; width: 100%; height: 4px; }
.tile rect { fill: var(--accent); }
.tile p { font-size: 1.6rem; font-weight: 650; line-height: 1.3; white-space: nowrap; }
.chart { display: flex; flex-direction: column; gap: 10px; }
figure { position: relative; flex: 1; min-height: 220px; }
figure svg { position: absolute; left: 68px; width: calc(100% - 68px); height: 100%; }
figure path { stroke: var(--edge); vector-effect: non-scaling-stroke; }
polygon { fill: var(--accent); fill-opacity: .14; stroke: var(--accent); stroke-width: 2; }
polygon { stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.scale { position: absolute; width: 60px; color: var(--quiet); font-size: .75rem; }
.scale { text-align: right; transform: translateY(-50%); }
.time { margin: -4px 0 0 68px; }
.chart .quiet p { flex: 1 1 300px; }
.half { top: 50%; }
form { display: grid; gap: 8px; margin-top: 12px; }
form .row { margin: 8px 0; }
input[name=name] {
  width: 100%; padding: 10px 12px; border: 1px solid var(--quiet); border-radius: 8px;
  background: var(--page); color: inherit; font: inherit;
}
input[type=checkbox] { width: 20px; height: 20px; accent-color: var(--accent); }
input[type=color] {
  width: 56px; height: 36px; padding: 3px; border: 1px solid var(--quiet); border-radius: 8px;
  background: var(--page);
}
input[type=color]::-webkit-color-swatch-wrapper { padding: 0; }
input[type=color]::-webkit-color-swatch { border: 0; border-radius: 5px; }
.switch, .color { display: flex; align-items: center; gap: 10px; }
button, .button {
  display: inline-block; padding: 11px 18px; border: 0; border-radius: 8px; cursor: pointer;
  background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600;
  text-decoration: none;
}
button:hover, .button:hover { filter: brightness(1.1); }
.alert, .done { padding: 10px 12px; border: 1px solid; border-radius: 8px; color: var(--bad); }
.done { color: var(--good); }
table { width: 100%; margin-top: 10px; border-collapse: collapse; font-size: .9rem; }
th { color: var(--quiet); font-weight: 500; text-align: left; }
th, td { padding: 7px 12px 7px 0; border-bottom: 1px solid var(--edge); vertical-align: top; }
tr > :last-child { padding-right: 0; }
tbody tr:last-child td { border-bottom: 0; }
th:nth-child(2) { width: 99%; }
th:nth-child(n + 3), td:nth-child(n + 3) { text-align: right; }
.request { display: flex; gap: 4px 16px; justify-content: space-between; }
.request > span { overflow-wrap: anywhere; }
.request b { font-weight: 600; }
.request small { color: var(--quiet); font-size: 1em; white-space: nowrap; }
.status { font-weight: 650; }
.s2 .status { color: var(--good); }
.s3 .status { color: var(--accent); }
.s4 .status { color: var(--warn); }
.s5 .status { color: var(--bad); }
.facts { align-self: start; }
dl { margin-top: 10px; font-size: .9rem; }
dl div { display: flex; gap: 16px; justify-content: space-between; padding: 7px 0; }
dl div + div { border-top: 1px solid var(--edge); }
dt { color: var(--quiet); }
dd { text-align: right; overflow-wrap: anywhere; }
noscript p { margin-top: 16px; }
.error { display: grid; min-height: 100vh; place-items: center; }
.error main { display: block; padding: 36px 44px; text-align: center; }
.error h1 { font-size: 4rem; color: var(--accent); }
.error .button { margin-top: 20px; }
@media (max-width: 760px) {
  body { padding: 16px 14px 32px; }
  main { grid-template-columns: minmax(0, 1fr); gap: 12px; }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: 12px; }
  h1 { font-size: 1.35rem; }
  .card { padding: 14px 16px; }
  .tile p { font-size: 1.35rem; }
  figure { min-height: 180px; }
  .request { flex-direction: column; }
  .request small { font-size: .875em; }
}
"""

SCRIPT = b"""'use strict';
const WIDTH = 119;  // of the chart, in samples
const find = id => document.getElementById(id);
const write = (element, text) => {  // unchanged text stays, and so does what is selected in it
  if (element.textContent !== String(text)) element.textContent = text;
};
const show = (id, text) => write(find(id), text);
const size = n => n < 1048576 ? (n / 1024).toFixed(1) + ' KiB' : (n / 1048576).toFixed(1) + ' MiB';
const two = n => String(Math.floor(n) % 60).padStart(2, '0');

function duration(seconds) {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds % 86400 / 3600);
  return (days ? days + ' d ' : '') + hours + ':' + two(seconds / 60) + ':' + two(seconds);
}

let next = 0;  // number of the first sample not seen yet
let samples = [];
let log = [];  // the last requests

function showChart({first, samples: added, scale}, whole) {
  if (whole && first !== next) {  // a gap, or the device has started again
    samples = [];
    next = first;
  }
  added = added.slice(next - first);  // without what came with the status
  samples = samples.concat(added).slice(-WIDTH - 1);
  next += added.length;
  const start = WIDTH + 1 - samples.length;
  const points = samples.map((used, i) => start + i + ',' + (100 - 100 * used / scale).toFixed(1));
  find('line').setAttribute('points', `${start || -3},120 ${points.join(' ')} ${WIDTH + 3},120`);
  show('range', size(Math.min(...samples)) + ' to ' + size(Math.max(...samples)));
  document.querySelectorAll('.scale').forEach((label, i) => write(label, size(scale / (i + 1))));
}

const what = row => row.slice(1, 5).join(' ');  // all but when, and how many times
function showRequests(news, whole) {
  const others = log.filter(row => !news.some(other => what(other) === what(row)));
  log = whole ? news : news.concat(others).slice(0, 20);
  const body = find('log');
  while (body.rows.length > log.length) body.deleteRow(-1);
  while (body.rows.length < log.length) body.append(find('row').content.cloneNode(true));
  log.forEach(([seconds, method, path, client, status, times], index) => {
    const row = body.rows[index];
    const places = row.querySelectorAll('.v');
    row.className = 's' + Math.floor(status / 100);
    [duration(seconds), method, path, client, status, times].forEach((text, i) => {
      write(places[i], text);
    });
  });
}

function showLamp({name, led, color}) {
  const lamp = led ? 'on' : 'off';
  document.title = name;
  show('name', name);
  show('lamp-text', lamp);
  find('lamp').setAttribute('class', lamp);
  for (const circle of find('lamp').children) circle.setAttribute('fill', color);
}

function showLive(live) {
  show('live', live ? 'Live' : 'Connection lost');
  find('live').className = live ? 'badge live' : 'badge lost';
}

function showNews({settings, uptime, memory, requests}, whole) {
  if (settings) showLamp(settings);
  if (memory) {
    showChart(memory, whole);
    show('uptime', duration(uptime));
    show('used', size(memory.used));
    find('bar').setAttribute('width', memory.total && 100 * memory.used / memory.total);
    show('free', memory.total ? size(memory.total - memory.used) : 'as needed');
  }
  if (requests) {
    showRequests(requests.rows, whole);
    show('total', requests.total);
  }
  showLive(true);
  clearTimeout(silence);
  silence = setTimeout(listen, 10000);  // there is news every second
}

let source, silence;
let shown = Promise.resolve();  // all that was told until now

function listen() {  // events tell what changes, the status what is so when they begin
  const events = new EventSource('/api/events');
  const whole = () => { shown = shown.then(async () => {
    try {
      const answer = await fetch('/api/status?from=' + next, {signal: AbortSignal.timeout(10000)});
      if (events === source) showNews(await answer.json(), true);
    } catch {
      lost();
    }
  }); };
  const lost = () => {
    if (events !== source) return;
    showLive(false);
    clearTimeout(silence);
    // It connects again by itself, and is told what it missed, unless it was refused.
    silence = setTimeout(listen, events.readyState === EventSource.CLOSED ? 2000 : 10000);
  };
  hush();
  source = events;
  events.onopen = whole;
  events.addEventListener('missed', whole);
  events.onerror = lost;
  events.onmessage = ({data}) => { shown = shown.then(() => {
    if (events === source) showNews(JSON.parse(data));
  }); };
}

function hush() {
  clearTimeout(silence);
  if (source) source.close();
  source = null;
}

if (location.search) history.replaceState(null, '', '/');  // loaded again it was not saved again
document.onvisibilitychange = () => document.hidden ? hush() : listen();
document.onvisibilitychange();
"""

FILES = {
    'style.css': ('text/css', STYLE),
    'app.js': ('application/javascript', SCRIPT),
    'icon.svg': ('image/svg+xml', ICON),
}
