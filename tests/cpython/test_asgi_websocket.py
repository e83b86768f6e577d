"""WebSockets of `microdot.asgi`, by scopes and messages made here."""

import asyncio

import pytest

from microdot import asgi
from microdot.asgi import Microdot, Request, Response, WebSocket, websocket_upgrade, with_websocket
from microdot.csrf import CSRF
from microdot.test_client import TestClient
from microdot.websocket import WebSocketError

SCOPE = {
    'type': 'websocket',
    'http_version': '1.1',
    'path': '/ws',
    'scheme': 'ws',
    'headers': [(b'host', b'example.com')],
}
CONNECT = {'type': 'websocket.connect'}
ACCEPT = {'type': 'websocket.accept'}
CLOSE = {'type': 'websocket.close'}


def got(**values):
    return {'type': 'websocket.receive', **values}


def sends(**values):
    return {'type': 'websocket.send', **values}


def leaves(**values):
    return {'type': 'websocket.disconnect', **values}


async def talk(app, *messages, **scope):
    """Call an application with messages of a client; return those it sends."""
    sent = []
    coming = list(messages)

    async def receive():
        if not coming:
            await asyncio.sleep(600)
        return coming.pop(0)

    async def send(message):
        sent.append(message)

    await app({**SCOPE, **scope}, receive, send)
    return sent


def serve(f, **options):
    app = Microdot()
    app.get('/ws')(with_websocket(f, **options))
    return app


async def echo(request, ws):
    while True:
        await ws.send(await ws.receive())


@pytest.mark.parametrize('scope', [{}, {'headers': [], 'http_version': '2'}])
async def test_echo(scope):
    messages = [
        got(text='text'),
        got(bytes=b'bytes'),
        got(text='both', bytes=None),
        got(text=None, bytes=b''),
        got(text=''),
    ]
    sent = await talk(serve(echo), CONNECT, *messages, leaves(code=1001), **scope)
    assert sent == [
        ACCEPT,
        sends(text='text'),
        sends(bytes=b'bytes'),
        sends(text='both'),
        sends(bytes=b''),
        sends(text=''),
    ]


@pytest.mark.parametrize(
    'message, code, reason',
    [
        (leaves(code=4000, reason='bye'), 4000, 'bye'),
        (leaves(code=1001), 1001, ''),
        (leaves(code=None, reason=None), 1005, ''),
        (leaves(), 1005, ''),
        (None, 1005, ''),
    ],
)
async def test_client_closes(message, code, reason):
    seen = []

    async def handler(request, ws):
        with pytest.raises(WebSocketError) as caught:
            await ws.receive()
        with pytest.raises(WebSocketError):
            await ws.receive()
        with pytest.raises(WebSocketError):
            await ws.send('x')
        await ws.close()
        exc = caught.value
        seen.append((exc.code, ws.close_code, ws.close_reason, ws.closed))
        # Applications for Microdot know the end by this.
        seen.append((isinstance(exc, OSError), exc.errno))

    assert await talk(serve(handler), CONNECT, message) == [ACCEPT]
    assert seen == [(code, code, reason, True), (True, 32)]


async def returns(request, ws):
    return 'ignored'


async def closes(request, ws):
    await ws.close(4001, 'enough')
    await ws.close(1000)


async def fails(request, ws):
    raise ZeroDivisionError


async def aborts(request, ws):
    asgi.abort(404)


def runs_in_thread(request, ws):
    return None


async def sends_all(request, ws):
    await ws.send(b'text', ws.TEXT)
    await ws.send('bytes', ws.BINARY)
    await ws.send(bytearray(b'array'))
    await ws.send(b'', ws.PING)  # which is up to the server
    for wrong in (ws.CLOSE, ws.CONT, 3):
        with pytest.raises(ValueError):
            await ws.send('x', wrong)
    with pytest.raises(ValueError):
        await ws.close(1000, 'x' * 124)
    await ws.close(1005)


ENDS = [
    (returns, [CLOSE]),
    (runs_in_thread, [CLOSE]),
    (closes, [{**CLOSE, 'code': 4001, 'reason': 'enough'}]),
    (fails, [{**CLOSE, 'code': 1011, 'reason': ''}]),
    (aborts, [{**CLOSE, 'code': 1011, 'reason': ''}]),
    (sends_all, [sends(text='text'), sends(bytes=b'bytes'), sends(bytes=b'array'), CLOSE]),
]


@pytest.mark.parametrize('handler, sent', ENDS)
async def test_application_ends(handler, sent):
    assert await talk(serve(handler), CONNECT) == [ACCEPT, *sent]


@pytest.mark.parametrize(
    'result, sent',
    [
        (lambda: 'ignored', [CLOSE]),
        (lambda: 1 / 0, [{**CLOSE, 'code': 1011, 'reason': ''}]),
    ],
)
async def test_upgrade(result, sent):
    app = Microdot()

    @app.get('/ws')
    async def handler(request):
        ws = await websocket_upgrade(request, max_message_length=3)
        assert (type(ws), ws.max_message_length) == (WebSocket, 3)
        return result()

    assert await talk(app, CONNECT) == [ACCEPT, *sent]


@pytest.mark.parametrize(
    'limit, default, message, echoed',
    [
        (-1, 5, 'x' * 5, True),
        (-1, 5, b'x' * 6, False),
        (3, 5, '\u00e9x', True),
        (3, 5, '\u00e9\u00e9', False),
        (0, 5, 'x' * 100000, True),
    ],
)
async def test_message_length(limit, default, message, echoed, monkeypatch):
    monkeypatch.setattr(Request, 'max_body_length', default)
    message = got(**{'text' if isinstance(message, str) else 'bytes': message})
    sent = await talk(serve(echo, max_message_length=limit), CONNECT, message, leaves())
    end = sent[-1]['type'] if echoed else sent[-1]
    assert end == ('websocket.send' if echoed else {**CLOSE, 'code': 1009, 'reason': ''})


@pytest.mark.parametrize(
    'spoken, offered, chosen',
    [
        (('a', 'b'), ['b', 'a'], 'a'),
        (('a',), ['b'], None),
        (('a',), None, None),
        ((), ['a'], None),
    ],
)
async def test_subprotocols(spoken, offered, chosen):
    seen = []

    async def handler(request, ws):
        seen.append(ws.subprotocol)

    sent = await talk(serve(handler, subprotocols=spoken), CONNECT, subprotocols=offered)
    assert sent[0] == (ACCEPT if chosen is None else {**ACCEPT, 'subprotocol': chosen})
    assert seen == [chosen]


@pytest.mark.parametrize(
    'allowed, origin, scheme, accepted',
    [
        (None, b'http://evil.example', 'ws', True),
        (True, b'http://example.com', 'ws', True),
        (True, b'https://example.com', 'ws', True),  # by a proxy with TLS
        (True, b'https://example.com', 'wss', True),
        (True, b'http://example.com', 'wss', False),
        (True, b'https://other.example', 'ws', False),
        (True, None, 'ws', True),
        (('http://a',), b'http://a', 'ws', True),
        (('http://a',), b'http://example.com', 'ws', False),
    ],
)
async def test_origin(allowed, origin, scheme, accepted):
    headers = SCOPE['headers'] + ([(b'origin', origin)] if origin else [])
    app = serve(returns, allowed_origins=allowed)
    sent = await talk(app, CONNECT, headers=headers, scheme=scheme)
    assert sent == ([ACCEPT, CLOSE] if accepted else [CLOSE])


async def refuses(request, ws):
    raise AssertionError('not to be called')


REFUSED = [
    ('/unknown', 404, b'Not found'),
    ('/ws', 403, b'Forbidden'),
    ('/plain', 200, b'plain'),
    ('/error', 500, b'Internal server error'),
    ('/ws\0', 400, b'Bad request'),
]


@pytest.mark.parametrize('extensions', [None, {}, {'websocket.http.response': {}}])
@pytest.mark.parametrize('path, status, body', REFUSED)
async def test_refused(path, status, body, extensions):
    """Before it is accepted: with the whole response, if the server can."""
    app = serve(refuses)
    CSRF(app)
    headers = [*SCOPE['headers'], (b'origin', b'http://evil.example')]

    @app.get('/plain')
    async def plain(request):
        return 'plain'

    @app.get('/error')
    async def error(request):
        raise ZeroDivisionError

    if path in ('/plain', '/error'):
        headers = SCOPE['headers']
    sent = await talk(app, CONNECT, path=path, extensions=extensions, headers=headers)
    if not extensions:
        assert sent == [CLOSE]
    else:
        start, *parts = sent
        assert (start['type'], start['status']) == ('websocket.http.response.start', status)
        assert {part['type'] for part in parts} == {'websocket.http.response.body'}
        assert b''.join(part['body'] for part in parts) == body
        assert [part['more_body'] for part in parts] == [False]


async def test_not_a_connect():
    assert await talk(serve(refuses), got(text='x')) == [CLOSE]


@pytest.mark.parametrize(
    'headers, status',
    [
        ({}, 400),
        ({'Sec-WebSocket-Version': '13'}, 501),
        ({'Sec-WebSocket-Version': '8'}, 426),
    ],
)
async def test_plain_request(headers, status):
    """A server without WebSocket takes the handshake for a plain request."""
    if headers:
        headers = {
            'Connection': 'Upgrade',
            'Upgrade': 'websocket',
            'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
            **headers,
        }
    headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    sent = await talk(serve(refuses), type='http', headers=headers)
    assert sent[0]['status'] == status


async def test_handshake_headers():
    """What checks the handshake, as CSRF does, sees one under HTTP/2 too."""
    seen = []

    async def handler(request, ws):
        seen.append((request.headers['Upgrade'], request.headers['Connection'], request.scheme))

    await talk(serve(handler), CONNECT, scheme='wss', http_version='2')
    assert seen == [('websocket', 'Upgrade', 'https')]


async def test_client_leaves_busy_handler(monkeypatch):
    monkeypatch.setattr(asgi, '_PATIENCE', 0.01)
    events = []

    async def handler(request, ws):
        events.append(await ws.receive())
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            events.append('cancelled')
            raise

    sent = await talk(serve(handler), CONNECT, got(text='x'), leaves(code=1001))
    assert events == ['x', 'cancelled']
    assert sent[0] == ACCEPT


async def test_busy_handler_loses_nothing(monkeypatch):
    monkeypatch.setattr(asgi, '_PATIENCE', 0.01)
    messages = []

    async def handler(request, ws):
        while True:
            await asyncio.sleep(0.05)
            messages.append(await ws.receive())

    coming = [got(text=str(i)) for i in range(4)]
    await talk(serve(handler), CONNECT, *coming, leaves())
    assert messages == ['0', '1', '2', '3']


async def test_client_leaves_while_awaited(monkeypatch):
    """A handler that waits for a message learns of the end; it is not cancelled."""
    monkeypatch.setattr(asgi, '_PATIENCE', 0.01)
    events = []

    async def handler(request, ws):
        await asyncio.sleep(0.05)  # until the client is watched
        asyncio.get_running_loop().call_later(0.05, queue.put_nowait, leaves(code=4000))
        try:
            await ws.receive()
        except WebSocketError as exc:
            events.append(exc.code)

    queue = asyncio.Queue()
    queue.put_nowait(CONNECT)

    async def send(message):
        pass

    await serve(handler)(SCOPE, queue.get, send)
    assert events == [4000]


async def test_cancelled_receive_loses_nothing(monkeypatch):
    messages = []

    async def handler(request, ws):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(ws.receive(), 0.01)
        arrived.set()
        messages.append(await ws.receive())

    arrived = asyncio.Event()
    queue = asyncio.Queue()
    queue.put_nowait(CONNECT)
    sent = []

    async def send(message):
        sent.append(message)

    call = asyncio.create_task(serve(handler)(SCOPE, queue.get, send))
    await arrived.wait()
    queue.put_nowait(got(text='late'))
    await call
    assert messages == ['late']
    assert sent == [ACCEPT, CLOSE]


async def test_a_turn_while_a_handler_sends():
    """Also when nothing of the server waits, as when a client reads fast."""
    turns = []

    async def flood(request, ws):
        task = asyncio.create_task(asyncio.sleep(0))
        task.add_done_callback(turns.append)
        for _ in range(5):
            await ws.send('x')
        assert turns

    await talk(serve(flood), CONNECT, leaves(code=1000))
    assert turns


async def test_server_fails_to_close():
    """What a server raises when the client has gone is not the application's concern."""

    async def send(message):
        if message['type'] == 'websocket.close':
            raise RuntimeError('closed already')

    async def receive():
        return CONNECT

    await serve(returns)(SCOPE, receive, send)


async def test_raw_messages():
    """A handler may speak ASGI itself."""
    app = Microdot()

    @app.get('/ws')
    async def handler(request):
        receive, send = request.sock
        assert await receive() == CONNECT
        await send(ACCEPT)
        await send(sends(text='raw'))
        return Response.already_handled

    assert await talk(app, CONNECT) == [ACCEPT, sends(text='raw')]


async def test_test_client():
    """Without an ASGI server, as in tests, it is the core's WebSocket."""
    answers = []

    def client():
        answers.append((yield 'hello'))

    await TestClient(serve(echo)).websocket('/ws', client)
    assert answers == ['hello']
