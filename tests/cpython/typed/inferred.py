"""What editors and type checkers make of the API: as precise as can be, nothing to be cast."""

from asyncio import Server
from collections.abc import AsyncIterable, AsyncIterator, Awaitable
from typing import Any, TypeAlias, assert_type

from microdot import Microdot, Request, Response, redirect, send_file
from microdot.auth import BasicAuth, TokenAuth
from microdot.csrf import CSRF
from microdot.login import Login
from microdot.microdot import MultiDict, NoCaseDict
from microdot.multipart import FileUpload, FormDataIter, with_form_data
from microdot.session import SessionDict, with_session
from microdot.sse import SSE, sse_response, with_sse
from microdot.static import Static
from microdot.test_client import TestClient, TestResponse
from microdot.utemplate import Template
from microdot.websocket import WebSocket, with_websocket

Events: TypeAlias = tuple[AsyncIterator[bytes], int, dict[str, str]]

app = Microdot()
basic, token, login, csrf = BasicAuth(), TokenAuth(), Login(), CSRF(app)


# Decorators that register leave a function what it is.


@app.put('/items/<int:number>')
@csrf.exempt
async def put(request: Request, number: int = 1) -> dict[str, int]:
    return {'number': number}


@app.errorhandler(404)
def not_found(request: Request) -> tuple[str, int]:
    return request.path, 404


@app.errorhandler(KeyError)
async def no_key(request: Request, exc: KeyError) -> tuple[str, int]:
    return str(exc), 422


@app.before_request
async def before(request: Request) -> Response | None:
    return redirect('/') if request.path == '/old' else None


@token.authenticate
def check(request: Request, token: str) -> str | None:
    return token or None


async def registered(request: Request) -> None:
    assert_type(await put(request, number=2), dict[str, int])
    assert_type(not_found(request), tuple[str, int])
    assert_type(await no_key(request, KeyError()), tuple[str, int])
    assert_type(await before(request), Response | None)
    assert_type(check(request, 'x'), str | None)


# Those that wrap one pass on what a path gives it, by name, and take what they bring themselves.


@app.get('/basket/<name>')
@login
@with_session
async def basket(request: Request, session: SessionDict, name: str, *, sort: bool = False) -> str:
    return name if sort else str(session)


@app.get('/echo/<int:times>')
@basic.optional
@with_websocket(ping_interval=20)
async def echo(request: Request, ws: WebSocket, times: int) -> None:
    message = await ws.receive()
    assert_type(message, str | bytes)
    for _ in range(times):
        await ws.send(message)
    assert_type((ws.close_code, ws.subprotocol), tuple[int | None, str | None])


@app.get('/events/<name>')
@with_sse
async def events(request: Request, sse: SSE, name: str) -> None:
    await sse.send({'name': name}, event='hello', event_id=1, retry=2.5)


@app.post('/form/<int:number>')
@with_form_data
async def form(request: Request, number: int) -> Response:
    assert_type(request.files, dict[str, FileUpload] | None)
    return Response(str(number), 201, {'X': 'y'})


def wrapped(request: Request) -> None:
    assert_type(basket(request, name='x', sort=True), Awaitable[Any])
    assert_type(echo(request, 2), Awaitable[Any])
    assert_type(events(request, name='x'), Awaitable[Events])
    assert_type(form(request, number=1), Awaitable[Any])


# A request.


@app.get('/')
async def index(request: Request) -> Events:
    args = request.args
    assert_type(args, MultiDict[str])
    assert_type(args['q'], str)
    assert_type(args.get('q'), str | None)
    assert_type(args.get('q', ''), str)
    assert_type(args.get('page', type=int), int | None)
    assert_type(args.get('page', 1, type=int), int)
    assert_type(args.get('page', 1, int), int)
    assert_type(args.getlist('tag'), list[str])
    assert_type(args.getlist('page', int), list[int])
    assert_type(list(args), list[str])
    # A form is None where there is none: an empty MultiDict is what stands for that.
    fields = request.form or MultiDict()
    assert_type(fields.get('name', '').strip(), str)
    assert_type(request.headers, NoCaseDict[str])
    assert_type(request.headers.get('Host'), str | None)
    assert_type(request.cookies.get('seen', ''), str)
    assert_type(request.body + await request.stream.read(10), bytes)
    assert_type(request.url_prefix, str)

    async def send(request: Request, sse: SSE, number: int) -> None:
        await sse.send(number)

    answer = sse_response(request, send, number=8)
    assert_type(answer, Events)
    return answer


@app.put('/upload')
async def upload(request: Request) -> tuple[list[str], int]:
    names: list[str] = []
    async for name, value in FormDataIter(request):
        assert_type(name, str)
        if isinstance(value, FileUpload):
            assert_type(await value.read(), bytes)
            assert_type(value.content_type, str | None)
            names.append(value.filename)
        else:
            assert_type(value, str)
    return names, 201


# What handlers may return, one of each; what they are called with by classes and functions.


class Parts:
    """An asynchronous iterator, as on MicroPython, which has no asynchronous generators."""

    def __aiter__(self) -> 'Parts':
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


class Views:
    async def parts(self, request: Request) -> Parts:
        return Parts()

    def page(self, request: Request) -> tuple[AsyncIterable[str], dict[str, str]]:
        return Template('x.html').generate_async(title='x'), {'Content-Type': 'text/html'}

    async def maybe(self, request: Request) -> str | tuple[dict[str, Any], int] | Response | None:
        return None

    async def moved(self, request: Request) -> tuple[int, dict[str, str]]:
        return 301, {'Location': '/'}


views = Views()
for method in (app.get, app.post):
    method('/parts')(views.parts)
app.get('/page')(views.page)
app.get('/maybe')(views.maybe)
app.get('/moved')(views.moved)


def answer_all(codes: list[int]) -> None:
    for code in codes:

        @app.errorhandler(code)
        async def handler(request: Request) -> tuple[str, int]:
            return 'no', code


# Responses, the server, tests.


async def start() -> None:
    assert_type(send_file('x.txt', 404), Response)
    assert_type(Response.redirect('/'), Response)
    assert_type(app.static('/', 'web', max_age=60), Static)
    assert_type(await app.start_server(port=5000, debug=True), None)
    assert_type(await app.start_server(port=5000, debug='network'), None)
    server = await app.start_server(start_serving=False)
    assert_type(server, Server)
    await server.serve_forever()


async def test() -> None:
    client = TestClient(app)
    response = await client.post('/', form={'a': 1}, headers={'X': 'y'}, auth=('a', 'b'))
    assert_type(response, TestResponse)
    assert response.status_code == 200 and response.text.startswith('x')
    async with client.connect('/echo/1') as ws:
        assert_type(await ws.receive(), str | bytes)
