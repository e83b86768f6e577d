'use strict';
const RETRY = 2000;  // milliseconds until a lost connection is opened again
const find = id => document.getElementById(id);
const show = (id, text) => {
  if (find(id).textContent !== text) find(id).textContent = text;
};
const two = n => String(Math.floor(n) % 60).padStart(2, '0');
const duration = s => `${Math.floor(s / 3600)}:${two(s / 60)}:${two(s)}`;
const size = n => n < 1024 ? n + ' B'
  : n < 1048576 ? (n / 1024).toFixed(1) + ' KiB' : (n / 1048576).toFixed(1) + ' MiB';

function note(text, bad) {
  show('note', text);
  find('note').className = bad ? 'bad' : 'quiet';
}

// What is going on: server-sent events

function showLive(live) {
  show('live', live ? 'Live' : 'Connection lost');
  find('live').className = live ? 'badge live' : 'badge lost';
}

function showStatus({uptime, free, people}) {
  showLive(true);
  show('uptime', duration(uptime));
  find('memory').hidden = free === null;
  if (free !== null) show('free', size(free));
  show('people', people.join(', ') || 'nobody');
}

function showFiles(files) {
  const list = find('files');
  list.replaceChildren(...files.map(([name, bytes]) => {
    const row = find('row').content.cloneNode(true);
    const link = row.querySelector('a');
    link.textContent = name;
    link.href = '/files/' + encodeURIComponent(name);
    row.querySelector('span').textContent = size(bytes);
    const button = row.querySelector('button');
    button.setAttribute('aria-label', 'Remove ' + name);
    button.addEventListener('click', () => remove(name));
    return row;
  }));
  if (!files.length) {
    const row = document.createElement('li');
    row.className = 'none';
    row.textContent = 'Nothing on the shelf yet.';
    list.append(row);
  }
}

function listen() {
  const events = new EventSource('/events');
  events.addEventListener('status', event => showStatus(JSON.parse(event.data)));
  events.addEventListener('files', event => showFiles(JSON.parse(event.data)));
  events.onerror = () => {
    showLive(false);
    // The browser tries again by itself, unless the answer was no stream: logged out elsewhere.
    if (events.readyState === EventSource.CLOSED) location.reload();
  };
}

async function remove(name) {
  try {
    const answer = await fetch('/files/' + encodeURIComponent(name), {method: 'DELETE'});
    if (answer.redirected) location.reload();
    note(answer.ok ? name + ' is removed.' : name + ' could not be removed.', !answer.ok);
  } catch {
    note('The workshop does not answer.', true);
  }
}

// Uploads, by XMLHttpRequest, which tells how far they are

function upload(files) {
  const form = new FormData();
  for (const file of files) form.append('file', file);
  const request = new XMLHttpRequest();
  const progress = find('progress');
  const end = (text, bad) => {
    progress.hidden = true;
    find('file').disabled = false;
    find('file').value = '';
    note(text, bad);
  };
  request.upload.onprogress = event => {
    progress.value = 100 * event.loaded / event.total;
    note(`Uploading: ${Math.floor(progress.value)} %`);
  };
  request.onload = () => {
    if (new URL(request.responseURL).pathname === '/login') return location.reload();
    if (request.status === 201) return end(JSON.parse(request.response).names.join(', ') + ': done.');
    end({409: request.response, 413: 'That is too much at once.'}[request.status]
      || 'That did not work.', true);
  };
  request.onerror = () => end('The connection broke off.', true);
  request.open('POST', '/files');
  request.send(form);
  progress.value = 0;
  progress.hidden = false;
  find('file').disabled = true;
}

find('file').addEventListener('change', event => {
  if (event.target.files.length) upload(event.target.files);
});
for (const type of ['dragenter', 'dragover', 'dragleave', 'drop']) {
  find('drop').addEventListener(type, event => {
    event.preventDefault();
    find('drop').classList.toggle('over', type === 'dragenter' || type === 'dragover');
    if (type === 'drop' && event.dataTransfer.files.length && !find('file').disabled) {
      upload(event.dataTransfer.files);
    }
  });
}

// The talk: a WebSocket

let socket = null;

function showMessage({name, text}) {
  const list = find('messages');
  const row = document.createElement('li');
  const author = document.createElement('b');
  const said = document.createElement('span');
  author.textContent = name;
  said.textContent = text;
  row.className = name === document.body.dataset.name ? 'own' : '';
  row.append(author, said);
  list.append(row);
  while (list.children.length > 200) list.firstChild.remove();
  list.scrollTop = list.scrollHeight;
}

function talk() {
  socket = new WebSocket(location.origin.replace('http', 'ws') + '/talk');
  socket.onopen = () => {
    find('messages').replaceChildren();  // the last ones come again
    find('send').disabled = false;
  };
  socket.onmessage = event => showMessage(JSON.parse(event.data));
  socket.onclose = () => {
    find('send').disabled = true;
    setTimeout(talk, RETRY);
  };
}

find('say').addEventListener('submit', event => {
  event.preventDefault();
  const text = find('text').value.trim();
  if (!text || socket.readyState !== WebSocket.OPEN) return;
  socket.send(text);
  find('text').value = '';
});

listen();
talk();
