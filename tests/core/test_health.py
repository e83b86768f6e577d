"""`microdot.health` and `microdot.access_log`: checks, figures, lines."""

import asyncio
import gc
import sys

from microdot import Microdot, Response, abort
from microdot.access_log import access_log, print_line
from microdot.health import Health, largest_free_block, reset_cause, wifi_signal
from microdot.test_client import TestClient
from support import MICROPYTHON, skip
from wire import get, serve, until


def make_app():
    app = Microdot()

    @app.get('/')
    async def index(request):
        return 'index'

    @app.get('/fails')
    async def fails(request):
        raise ValueError('expected by this test')

    @app.get('/teapot')
    async def teapot(request):
        abort(418)

    return app


def parse(text):
    """The values of Prometheus' text format by their names with labels; AssertionError else."""
    values, kinds = {}, {}
    assert text.endswith('\n')
    for line in text[:-1].split('\n'):
        if line[:7] == '# TYPE ':
            name, kind = line[7:].split(' ')
            assert kind in ('counter', 'gauge') and name not in kinds
            assert kind == 'gauge' or name.endswith('_total') or name == 'microdot_uptime_seconds'
            kinds[name] = kind
        else:
            key, value = line.split(' ')
            name, brace, labels = key.partition('{')
            assert name in kinds and key not in values, line
            if brace:
                label, _, text = labels[:-1].partition('=')
                assert labels[-1] == '}' and text[0] == text[-1] == '"' and '"' not in text[1:-1]
                assert label.isalpha()
            values[key] = int(value)
    return values


async def test_health():
    app = make_app()
    health = Health(app)
    state = {'sensor': True}

    @health.check
    async def sensor():
        return state['sensor']

    @health.check
    def disk():
        return state.get('disk', 1) / 1

    client = TestClient(app)
    response = await client.get('/health')
    assert response.status_code == 200
    assert response.headers['Cache-Control'] == 'no-store'
    answer = response.json
    assert answer['status'] == 'ok' and answer['checks'] == {'sensor': True, 'disk': True}
    assert 0 <= answer['uptime'] < 60
    for name, value in (('sensor', False), ('disk', 'x')):
        state = {'sensor': True, name: value}
        response = await client.get('/health')
        assert response.status_code == 503
        assert response.json['status'] == 'failed'
        assert response.json['checks'][name] is False
        assert sum(response.json['checks'].values()) == 1


async def test_requests_by_status():
    app = make_app()
    health = Health(app)
    async with serve(app) as server:
        for path in ('/', '/', '/fails', '/nowhere', '/teapot'):
            await server.get(path)
        await server.exchange(b'nonsense\r\n\r\n')
        idle = await server.open()
        await idle.send(get('/'))
        await idle.response()
        await until(lambda: sorted([c.phase for c in app._connections])[:1] == [0])
        reply = await server.get('/metrics')
    assert reply.header('Content-Type') == 'text/plain; version=0.0.4; charset=utf-8'
    values = parse(reply.body.decode())
    expected = {200: 4, 400: 1, 404: 1, 418: 1, 500: 1}
    for status in expected:
        assert values['microdot_requests_total{status="%d"}' % status] == expected[status], status
    assert values['microdot_errors_total'] == 1
    assert health.statuses == expected
    assert values['microdot_connections{phase="idle"}'] == 1
    assert sum([values[key] for key in values if 'phase=' in key]) >= 2


async def test_figures_of_the_platform():
    app = make_app()
    Health(app, health=None, metrics='/figures')
    app.create_task(make_app)
    client = TestClient(app)
    assert (await client.get('/health')).status_code == 404
    values = parse((await client.get('/figures')).text)
    assert values['microdot_task_restarts_total'] == 0
    assert not [key for key in values if 'connections' in key]  # there is no server
    heap = [key for key in values if 'heap' in key]
    assert len(heap) == (3 if MICROPYTHON else 0)
    if heap:
        free = values['microdot_heap_free_bytes']
        assert 0 < values['microdot_heap_largest_free_block_bytes'] <= free


def test_largest_free_block():
    if not MICROPYTHON:
        skip('the heap of CPython tells nothing')
    gc.collect()
    size = largest_free_block()
    assert gc.isenabled()
    bytearray(size)
    gc.collect()
    try:
        block = bytearray(size + size // 8 + 64)
        raise AssertionError('there was a larger one: %d' % len(block))
    except MemoryError:
        pass
    assert size > 8000


class Machine:
    PWRON_RESET = 1
    WDT_RESET = 3

    @staticmethod
    def reset_cause():
        return 3


class Network:
    STA_IF = 0
    connected = True

    class WLAN:
        def __init__(self, interface):
            pass

        def isconnected(self):
            return Network.connected

        def status(self, name):
            return {'rssi': -61}[name]


async def test_figures_of_a_board():
    """With stand-ins for its modules; without them nothing is said."""
    kept = {name: sys.modules.get(name) for name in ('machine', 'network')}
    sys.modules['machine'], sys.modules['network'] = Machine, Network
    try:
        assert reset_cause() == 'wdt' and wifi_signal() == -61
        app = make_app()
        Health(app)
        client = TestClient(app)
        values = parse((await client.get('/metrics')).text)
        assert values['microdot_reset_cause{cause="wdt"}'] == 1
        assert values['microdot_wifi_rssi_dbm'] == -61
        assert (await client.get('/health')).json['reset_cause'] == 'wdt'
        Network.connected = False
        assert wifi_signal() is None
    finally:
        Network.connected = True
        for name in kept:
            del sys.modules[name]
            if kept[name]:
                sys.modules[name] = kept[name]


async def test_uptime(seconds=3):
    app = make_app()
    health = Health(app)
    for _ in range(seconds):
        health._looked -= 1000
        health.uptime()
    health._looked -= 400
    assert health.uptime() in (seconds, seconds + 1)
    await asyncio.sleep(0)


async def test_access_log():
    app = make_app()
    lines = []
    access_log(app, lambda *args: lines.append(args))
    async with serve(app) as server:
        for path in ('/', '/nowhere', '/fails'):
            await server.get(path)
        await server.exchange(b'nonsense\r\n\r\n')
        await until(lambda: len(lines) == 4)
    seen = [(request and request.path, response.status_code) for request, response, _ in lines]
    assert seen == [('/', 200), ('/nowhere', 404), ('/fails', 500), (None, 400)]
    for _, _, milliseconds in lines:
        assert 0 <= milliseconds < 5000


async def test_access_log_comes_after_the_body():
    app = make_app()
    lines = []
    gate = asyncio.Event()

    class Body:
        pieces = [b'one', b'two']

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.pieces:
                raise StopAsyncIteration
            if len(self.pieces) == 1:
                assert not lines
                await gate.wait()
                await asyncio.sleep(0.05)
            return self.pieces.pop(0)

    app.get('/stream')(lambda request: Body())
    access_log(app, lambda *args: lines.append(args))
    async with serve(app) as server:
        client = await server.open()
        await client.send(get('/stream'))
        await asyncio.sleep(0.05)
        gate.set()
        assert (await client.response()).body == b'onetwo'
        await until(lambda: lines)
        assert lines[0][2] >= 50


async def test_both_together_and_printed():
    app = make_app()
    Health(app)
    access_log(app)
    client = TestClient(app)
    assert (await client.get('/')).status_code == 200
    values = parse((await client.get('/metrics')).text)
    assert values['microdot_requests_total{status="200"}'] == 2
    print_line(None, await app.recover(None, ValueError()), 3)


class Replaceable(Microdot):
    pass


async def test_what_stands_in_front_later():
    """The set-up page of a board replaces the dispatching in the class, and gives it back."""
    app = Replaceable()
    health = Health(app)
    lines = []
    access_log(app, lambda request, response, milliseconds: lines.append(response.status_code))
    client = TestClient(app)
    assert (await client.get('/none')).status_code == 404

    async def in_front(app, request):
        return Response('in front', 203)

    original = Microdot.dispatch_request
    Replaceable.dispatch_request = in_front
    assert (await client.get('/none')).status_code == 203
    Replaceable.dispatch_request = original
    assert (await client.get('/none')).status_code == 404
    assert health.statuses == {404: 2, 203: 1}
    assert lines == [404, 203, 404]
