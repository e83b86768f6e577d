"""Several worker processes behind nginx: one topic for all of them, by WebSocket and SSE."""

import contextlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis_server import Redis

sys.path.append(str(Path(__file__).resolve().parent / 'hosted'))
sys.path.append(str(Path(__file__).resolve().parents[1] / 'docs'))

from hosting import DEADLINE, Host
from test_proxy import Both, nginx

import needs

SERVERS = {'uvicorn': 4, 'gunicorn-gthread': 2}


class Site(Both):
    """nginx with the configuration of docs/howto/proxy.md, and the workers behind it."""

    def __init__(self, proxy, host, workers):
        super().__init__(proxy, host.port)
        self.workers = workers
        self.jar = None

    def json(self, method, path, body=None, headers=()):
        data = None if body is None else json.dumps(body)
        headers = {'Content-Type': 'application/json', **dict(headers)}
        response, text = self.ask(method, path, data, headers)
        assert response.status == 200, text
        return response, json.loads(text)

    def open_socket(self):
        try:
            from websockets.sync import client
        except ImportError:
            needs.missing('websockets is not installed: make .venv/stamps/test')
        address = f'wss://localhost:{self.proxy.port}/socket'
        # As an object, not in a `with` of its own: newer versions want to be told so.
        options = {'proxy': None, 'legacy': True}
        return client.connect(address, ssl=self.trust, open_timeout=DEADLINE, **options)

    @contextlib.contextmanager
    def socket_of_each(self):
        """A WebSocket to each worker, by the number of its process."""
        found = {}
        with contextlib.ExitStack() as stack:
            end = time.monotonic() + DEADLINE
            while len(found) < self.workers:
                assert time.monotonic() < end, found
                ws = self.open_socket()
                process = ws.recv(DEADLINE)
                if process in found:
                    ws.close()
                    time.sleep(0.02)
                else:
                    found[process] = stack.enter_context(ws)
            yield found

    @contextlib.contextmanager
    def events(self, after=None):
        """A function that reads the next event, (id, data), and the worker it comes from."""
        with contextlib.closing(self.connect()) as connection:
            headers = {'Last-Event-ID': after} if after else {}
            connection.request('GET', '/events', headers=headers)
            response = connection.getresponse()
            assert response.status == 200

            def read():
                event_id = None
                while True:
                    line = response.readline().decode()
                    assert line, 'the stream has ended'
                    if line.startswith('id: '):
                        event_id = line[4:-1]
                    elif line.startswith('data: '):
                        return event_id, json.loads(line[6:])

            yield read, response.headers['X-Process']


@pytest.fixture(scope='module', params=SERVERS)
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('workers')
    with (
        Redis(folder) as redis,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv('REDIS', redis.url)
        # A thread for each connection that stays open, under WSGI.
        options = ['--threads=16'] if request.param == 'gunicorn-gthread' else []
        workers = SERVERS[request.param]
        with (
            Host(request.param, workers, options, app='workers:app') as host,
            nginx(folder / 'nginx', host.port) as proxy,
        ):
            yield Site(proxy, host, workers)


def test_what_one_worker_publishes_comes_to_all(site):
    with site.socket_of_each() as sockets, site.events() as (read, _):
        for n, ws in enumerate(sockets.values()):
            for i in range(10):
                ws.send(json.dumps([n, i]))
        said = site.json('POST', '/say', ['last', 0])[1]
        count = 10 * len(sockets) + 1
        orders = [[json.loads(ws.recv(DEADLINE)) for _ in range(count)] for ws in sockets.values()]
        orders.append([read()[1] for _ in range(count)])
    assert str(said['process']) in sockets
    for order in orders:
        assert order == orders[0]
    for n in range(len(sockets)):
        assert [i for who, i in orders[0] if who == n] == list(range(10))


def test_a_stream_goes_on_at_any_worker(site):
    def say(i):
        site.json('POST', '/say', i)

    seen, processes = [], set()
    last = None
    with site.events() as (read, _):
        say(0)
        last, i = read()
        seen.append(i)
    end = time.monotonic() + DEADLINE
    while len(processes) < site.workers or len(seen) < 20:
        assert time.monotonic() < end, processes
        say(len(seen))  # while nobody listens
        with site.events(last) as (read, process):
            say(len(seen) + 1)
            processes.add(process)
            for _ in range(2):
                last, i = read()
                seen.append(i)
    assert seen == list(range(len(seen)))


def test_sessions_are_those_of_all_workers(site):
    """Nothing of them is in a process: each goes on with what the one before has counted."""
    cookie, visits, processes = None, 0, set()
    end = time.monotonic() + DEADLINE
    with ThreadPoolExecutor(8) as pool:
        while len(processes) < site.workers:
            assert time.monotonic() < end, processes
            headers = {'Cookie': cookie} if cookie else {}
            answers = list(pool.map(lambda _: site.json('GET', '/visits', None, headers), range(8)))
            visits += 1
            assert {answer['visits'] for _, answer in answers} == {visits}
            processes.update(answer['process'] for _, answer in answers)
            cookie = answers[0][0].headers['Set-Cookie'].partition(';')[0]
