const shown = document.getElementById('uptime');
fetch('/api/uptime')
  .then((response) => response.json())
  .then(({ seconds }) => { shown.textContent = `Up for ${seconds} seconds.`; })
  .catch(() => { shown.textContent = 'The server does not answer.'; });
