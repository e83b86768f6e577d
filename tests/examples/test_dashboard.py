"""The dashboard, served as `make run` serves it, by both runtimes: what it answers."""

import contextlib
import html
import http.client
import json

import pytest

from serving import Client, copied, serve

DASHBOARD = 'examples/dashboard/main.py'
GOOD = {'name': 'Greenhouse', 'led': 'on', 'color': '#3B82F6'}
BAD = [
    ('no fields', {}),
    ('empty name', {**GOOD, 'name': ''}),
    ('blank name', {**GOOD, 'name': ' \t '}),
    ('long name', {**GOOD, 'name': 'n' * 25}),
    ('control character', {**GOOD, 'name': 'a\x07b'}),
    ('no color', {'name': 'n'}),
    ('color by name', {**GOOD, 'color': 'red'}),
    ('color with other digits', {**GOOD, 'color': '#12345g'}),
    ('color with markup', {**GOOD, 'color': '"><b>x</b'}),
    ('color with a hole', {**GOOD, 'color': '#12 456'}),
]
BROWSER = {  # as long as those that browsers send
    'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) Browser/140.0.0.0 (like all the others)',
    'Accept': 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
    'Accept-Language': 'en-US,en;q=0.9',
    'Accept-Encoding': 'gzip, deflate, br, zstd',
    'Referer': 'http://localhost/',
    'Connection': 'keep-alive',
    'Cache-Control': 'max-age=0',
    'Upgrade-Insecure-Requests': '1',
    **{f'Sec-Fetch-{name}': 'same-origin' for name in ('Dest', 'Mode', 'Site', 'User')},
    **{f'Sec-CH-UA-{name}': '"Browser";v="140"' for name in ('Full', 'Mobile', 'Platform')},
}


@pytest.fixture(scope='module', params=['micropython', 'cpython'])
def server(request, tmp_path_factory):
    with serve(DASHBOARD, request.param, tmp_path_factory.mktemp('dashboard')) as running:
        running.runtime = request.param
        yield running


@pytest.fixture
def client(server):
    with Client(server) as client:
        yield client


def rows(client):
    """The request log by method and path."""
    return {(row[1], row[2]): row for row in client.json('/api/status')['requests']['rows']}


def test_page_has_the_facts_in_its_text(server, client):
    status, headers, page = client.get('/')
    name = {'micropython': 'MicroPython', 'cpython': 'CPython'}[server.runtime]
    assert status == 200
    assert headers['Content-Type'] == 'text/html; charset=UTF-8'
    assert headers['Cache-Control'] == 'no-store'
    assert f'<dd>{name}</dd>' in page
    assert '{' not in page  # every place of the templates is filled in
    assert page.endswith('</html>\n')


def test_assets_are_typed_and_cached(client):
    types = {'/style.css': 'css', '/app.js': 'javascript', '/icon.svg': 'svg'}
    for path, kind in types.items():
        status, headers, body = client.get(path)
        assert status == 200
        assert kind in headers['Content-Type']
        assert headers['Cache-Control'] == 'max-age=3600'
        assert len(body) > 100


def test_status_counts_time_memory_and_requests(server, client):
    first = client.json('/api/status')
    second = client.json('/api/status')
    memory = second['memory']
    assert second['uptime'] >= first['uptime']
    assert second['requests']['total'] == first['requests']['total'] + 1
    assert 0 < memory['used'] <= memory['scale']
    assert 1 <= len(memory['samples']) <= 120
    if server.runtime == 'micropython':
        assert 240_000 < memory['total'] <= 256 * 1024
        assert max(memory['samples']) <= memory['total']


def test_samples_are_sent_from_the_one_asked_for(client):
    memory = client.json('/api/status')['memory']
    after = memory['first'] + len(memory['samples'])
    later = client.json(f'/api/status?from={after - 1}')['memory']
    assert later['first'] == after - 1
    assert later['samples'][0] == memory['samples'][-1]
    for out_of_range in ('1000000', '-1'):
        everything = client.json('/api/status?from=' + out_of_range)['memory']
        assert everything['first'] >= memory['first']
        assert len(everything['samples']) >= len(memory['samples'])
    assert client.get('/api/status?from=x')[0] == 400


def test_samples_as_csv(client):
    status, headers, text = client.get('/api/memory.csv')
    lines = text.split('\r\n')
    assert status == 200
    assert headers['Content-Disposition'] == 'attachment; filename="memory.csv"'
    assert lines[0] == 'sample,used_bytes'
    assert lines[-1] == ''
    numbers = [int(line.split(',')[0]) for line in lines[1:-1]]
    assert numbers and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_form_changes_what_page_and_json_show(client):
    status, headers, body = client.post('/', GOOD)
    assert (status, headers['Location'], body) == (303, '/?saved=1', '')
    shown = {'name': 'Greenhouse', 'led': True, 'color': '#3b82f6'}
    assert client.json('/api/status')['settings'] == shown
    page = client.get('/')[2]
    assert '<h1 id="name">Greenhouse</h1>' in page
    assert 'fill="#3b82f6"' in page
    client.post('/', {'name': 'Greenhouse', 'color': '#3b82f6'})
    assert client.json('/api/status')['settings'] == {**shown, 'led': False}


def test_text_from_outside_is_escaped(client):
    name = '<i>"&\'é€😀</i>'
    client.post('/', {**GOOD, 'name': name})
    assert client.json('/api/status')['settings']['name'] == name
    page = client.get('/')[2]
    assert name not in page
    assert html.escape(name).replace('&#x27;', '&#39;') in page
    client.get('/%3Cscript%3Ealert(1)%3C/script%3E')
    page = client.get('/')[2]
    assert '<script>alert' not in page
    assert '/&lt;script&gt;alert(1)&lt;/script&gt;' in page
    client.post('/', GOOD)


@pytest.mark.parametrize('form', [form for _, form in BAD], ids=[name for name, _ in BAD])
def test_bad_input_is_refused_with_a_reason(client, form):
    before = client.json('/api/status')['settings']
    status, _, page = client.post('/', form)
    assert status == 400
    assert '<p class="alert" role="alert">Please give' in page
    assert '<b>' not in page.split('</form>')[0]
    assert client.json('/api/status')['settings'] == before


def test_a_form_of_another_site_is_refused(server, client):
    assert client.post('/', GOOD, Origin='http://evil.example')[0] == 403
    assert client.post('/', GOOD, Origin='null')[0] == 403
    assert client.post('/', GOOD, Origin=server.url)[0] == 303


@pytest.mark.parametrize('runtime', ['micropython', 'cpython'])
def test_a_board_answers_to_its_own_names(runtime, tmp_path):
    main = copied(DASHBOARD, tmp_path)
    main.with_name('network.py').write_text("def hostname():\n    return 'desk'\n")
    with serve(main, runtime, tmp_path) as server, Client(server) as client:
        for host, expected in (('desk', 200), ('desk.local:80', 200), ('evil.example', 421)):
            assert client.send('GET', '/', headers={'Host': host})[0] == expected, host


def test_body_that_is_no_form(client):
    body = json.dumps(GOOD)
    assert client.send('POST', '/', body, {'Content-Type': 'application/json'})[0] == 400


@pytest.mark.parametrize('method, path, code', [('GET', '/nothing', 404), ('PUT', '/', 405)])
def test_error_page(client, method, path, code):
    status, headers, page = client.send(method, path)
    assert status == code
    assert headers['Content-Type'] == 'text/html; charset=UTF-8'
    assert f'<h1>{code}</h1>' in page
    assert 'href="/style.css"' in page


def test_too_much(server):
    with Client(server) as client:
        status, _, page = client.post('/', {**GOOD, 'name': 'n' * 20_000})
    assert status == 413
    assert '<h1>413</h1>' in page


def test_log_keeps_the_last_requests_and_counts_repeated_ones(client):
    for _ in range(3):
        client.get('/counted')
    client.send('DELETE', '/')
    log = rows(client)
    seconds, _, _, address, status, times = log['GET', '/counted']
    assert (address, status, times) == ('127.0.0.1', 404, 3)
    assert 0 <= seconds <= client.json('/api/status')['uptime']
    assert log['DELETE', '/'][4] == 405
    for number in range(25):
        client.get(f'/many/{number}/' + 'x' * 100)
    log = rows(client)
    assert len(log) == 20
    assert ('GET', '/counted') not in log
    assert all(len(path) <= 48 for _, path in log)


def test_head_and_options(client):
    status, headers, body = client.send('HEAD', '/style.css')
    assert (status, body) == (200, '')
    assert headers['Content-Type'] == 'text/css'
    assert client.send('OPTIONS', '/')[1]['Allow'] == 'GET, POST, HEAD, OPTIONS'


def test_many_requests_over_one_connection_keep_the_heap_bounded(server, client):
    """The least heap in use, seen over many collections, must not rise from the first third of
    the requests to the last: 16 KiB more would be some 80 bytes kept by each request.
    """
    used = []
    for number in range(300):
        status, _, page = client.get('/' if number % 3 == 0 else '/style.css')
        assert status == 200 and page
        used.append(client.json('/api/status')['memory']['used'])
    if server.runtime == 'micropython':
        assert min(used[200:]) < min(used[:100]) + 16 * 1024, (used[:100], used[200:])


def test_two_browsers_that_keep_their_connections(server):
    """Each has up to six, which it leaves open; what they cost must not starve the next request."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(server)) for _ in range(12)]
        for _ in range(3):
            for client in clients:
                for path in ('/', '/style.css', '/app.js', '/api/status'):
                    assert visit(client, path) == 200


def visit(client, path):
    """The status of a request; a connection that gave way to others is opened again."""
    try:
        return client.send('GET', path, headers=BROWSER)[0]
    except (ConnectionError, http.client.NotConnected):
        client.connection.close()
        client.connection.connect()
        return client.send('GET', path, headers=BROWSER)[0]


def news(stream):
    """The JSON of the events of a stream, one after the other."""
    for line in stream:
        if line.startswith(b'data: '):
            yield json.loads(line[6:])


def test_events_tell_what_changes(server):
    with Client(server) as listener:
        listener.connection.request('GET', '/api/events')
        stream = listener.connection.getresponse()
        assert stream.headers['Content-Type'] == 'text/event-stream'
        told = news(stream)
        memory = [next(m['memory'] for m in told if 'memory' in m) for _ in range(3)]
        assert all(len(part['samples']) == 1 for part in memory)
        assert [part['first'] - memory[0]['first'] for part in memory] == [0, 1, 2]
        with Client(server) as client:  # the other one has been silent for too long
            client.get('/told')
            client.post('/', GOOD)
        rows = next(m['requests']['rows'] for m in told if 'requests' in m)
        assert rows[0][1:] == ['GET', '/told', '127.0.0.1', 404, 1]
        assert next(m['settings'] for m in told if 'settings' in m)['name'] == GOOD['name']


def test_who_comes_again_is_told_how_much_it_missed(server, client):
    with Client(server) as listener:
        listener.connection.request('GET', '/api/events')
        stream = listener.connection.getresponse()
        seen = next(line for line in stream if line.startswith(b'id: ')).split()[1]
    for _ in range(10):
        client.get('/missed')
    with Client(server) as listener:
        listener.connection.request('GET', '/api/events', headers={'Last-Event-ID': seen})
        lines = iter(listener.connection.getresponse())
        assert next(lines) == b'event: missed\n'
        missed = int(next(lines).split()[1])
        first = next(line for line in lines if line.startswith(b'id: ')).split()[1]
    assert int(first.split(b'-')[1]) == int(seen.split(b'-')[1]) + missed + 1
