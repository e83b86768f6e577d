const find = id => document.getElementById(id);
const lamp = find('lamp');

async function ask(path, options) {
  try {
    const response = await fetch(path, options);
    if (!response.ok) throw new Error(response.status);
    const state = await response.json();
    find('trouble').textContent = '';
    lamp.disabled = false;
    lamp.setAttribute('aria-pressed', state.on);
    lamp.querySelector('b').textContent = state.on ? 'Lamp is on' : 'Lamp is off';
    return state;
  } catch {
    lamp.disabled = true;
    find('trouble').textContent = 'No answer. Asking again ...';
  }
}

async function look() {
  const state = await ask('/api/state');
  if (state) {
    find('runtime').textContent = state.runtime;
    find('platform').textContent = state.platform;
    find('free').textContent = state.free ? Math.round(state.free / 1024) + ' KB' : 'plenty';
  }
  setTimeout(look, 3000);
}

lamp.onclick = () => ask('/api/lamp', {
  method: 'PUT',
  headers: {'Content-Type': 'application/json'},
  body: JSON.stringify({on: lamp.getAttribute('aria-pressed') !== 'true'}),
});
look();
