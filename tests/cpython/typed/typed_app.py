"""An application with all of the framework in it, which `mypy --strict` accepts and which runs."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from microdot import Microdot, Request, Response, URLPattern, abort, redirect, send_file
from microdot.auth import BasicAuth, TokenAuth
from microdot.cors import CORS
from microdot.csrf import CSRF
from microdot.login import Login
from microdot.microdot import HTTPException, MultiDict, NoCaseDict, urldecode, urlencode
from microdot.multipart import FileUpload, FormDataIter, with_form_data
from microdot.server import Connection
from microdot.session import Session, SessionDict, with_session
from microdot.sse import SSE, with_sse
from microdot.test_client import TestClient, TestResponse
from microdot.utemplate import Template
from microdot.websocket import WebSocket, WebSocketError, with_websocket

app = Microdot()
cors = CORS(app, allowed_origins=['https://example.com'], allow_credentials=True, max_age=60)
csrf = CSRF(app, cors=cors)
session = Session(app, secret_key='a secret of thirty-two characters')
login = Login(login_url='/log-in')
basic_auth = BasicAuth(realm='Boiler')
token_auth = TokenAuth()
Request.max_content_length = 65536
Connection.idle_timeout = 2.5
URLPattern.register_type('hex', pattern='[0-9a-f]+', parser=lambda text: int(text, 16))


@dataclass
class User:
    id: str
    name: str


users = {'1': User('1', 'Ada')}


@app.before_request
async def begin(request: Request) -> None:
    request.g.lines = ['begun']
    request.vary('Accept-Language')


@app.after_request
def sign(request: Request, response: Response) -> None:
    response.headers['X-Lines'] = str(len(request.g.lines))


@app.after_error_request
async def sign_error(request: Request | None, response: Response) -> Response:
    response.headers['X-Failed'] = 'yes' if request else 'before'
    return response


@app.errorhandler(404)
async def not_found(request: Request) -> tuple[dict[str, str], int]:
    return {'error': request.path}, 404


@app.errorhandler(ZeroDivisionError)
async def divided(request: Request, exc: ZeroDivisionError) -> tuple[str, int]:
    return str(exc.args[0]), 422


@app.get('/')
async def index(request: Request) -> str:
    name: str | None = request.args.get('name')
    times: int = request.args.get('times', 1, type=int)
    accepted: list[str] = request.args.getlist('accept')
    agent: str = request.headers.get('User-Agent', '')
    return (name or agent) * times + ','.join(accepted)


@app.route('/things/<hex:number>', methods=['GET', 'POST'])
async def thing(request: Request, number: int) -> tuple[dict[str, int], int, dict[str, str]]:
    if number == 0:
        abort(410, 'gone')
    if number == 1:
        exc = HTTPException(503)
        exc.headers = {'Retry-After': '120'}
        raise exc
    return {'number': number // (number - 2)}, 201, {'X-Number': str(number)}


@app.get('/lines')
def lines(request: Request) -> Iterator[str]:
    yield 'a'
    yield 'b'


@app.get('/ticks')
async def ticks(request: Request) -> tuple[AsyncIterator[bytes], dict[str, str]]:
    async def tick() -> AsyncIterator[bytes]:
        yield b'tick'

    return tick(), {'Content-Type': 'application/octet-stream'}


@app.get('/status')
def status(request: Request) -> int:
    return 202


@app.get('/source')
async def source(request: Request) -> Response:
    return send_file(__file__, content_type='text/x-python', max_age=60)


@app.get('/away')
async def away(request: Request) -> Response:
    response = redirect('/lines?' + urlencode(urldecode('a+b')), 303)
    response.set_cookie('seen', 'yes', max_age=60, http_only=True, same_site='Lax')
    response.delete_cookie('old', path='/')
    return response


@app.post('/upload')
@with_form_data
async def upload(request: Request) -> dict[str, int]:
    files, form = request.files, request.form
    assert files is not None and form is not None
    note: str = form['note']
    file: FileUpload = files['file']
    return {note: len(await file.read())}


@app.post('/upload-large')
@csrf.exempt
async def upload_large(request: Request) -> str:
    names: list[str] = []
    async for name, value in FormDataIter(request):
        names.append(name + '=' + (value if isinstance(value, str) else value.filename))
    return ' '.join(names)


@app.get('/count')
@with_session
async def count(request: Request, session: SessionDict) -> str:
    session['n'] = session.get('n', 0) + 1
    session.save()
    return str(session['n'])


@login.user_loader
async def load_user(user_id: str) -> User | None:
    return users.get(user_id)


@app.post('/log-in')
async def log_in(request: Request) -> Response:
    return await login.login_user(request, users['1'], remember=True)


@app.get('/me')
@login
async def me(request: Request) -> str:
    user: User = await login.get_current_user(request)
    return user.name


@basic_auth.authenticate
async def check_password(request: Request, username: str, password: str) -> User | None:
    return users['1'] if password == 'lovelace' else None


@token_auth.authenticate
def check_token(request: Request, token: str) -> bool:
    return token == 'token'


@app.get('/basic')
@basic_auth
async def basic(request: Request) -> str:
    user: User = request.g.current_user
    return user.name


@app.get('/token/<name>')
@token_auth.optional
async def with_token(request: Request, name: str) -> str:
    return name if request.g.current_user else 'nobody'


@app.get('/echo')
@with_websocket
async def echo(request: Request, ws: WebSocket) -> None:
    try:
        while True:
            message = await ws.receive()
            await ws.send(message.upper())
    except WebSocketError as exc:
        assert exc.code == 1000


@app.get('/chat')
@with_websocket(subprotocols=['chat'], ping_interval=30)
async def chat(request: Request, ws: WebSocket) -> None:
    await ws.close(1000, ws.subprotocol or '')


@app.get('/events')
@with_sse
async def events(request: Request, sse: SSE) -> None:
    await sse.send({'n': 1}, event='count', event_id=1)


@app.get('/page')
async def page(request: Request) -> tuple[Iterator[str], dict[str, str]]:
    return Template('page.html').generate(title='x'), {'Content-Type': 'text/html'}


sub = Microdot()
static = app.static('/files', '.', max_age=3600, index=None)


@sub.get('/<path:rest>')
async def below(request: Request, rest: str) -> str:
    return request.url_prefix + ' ' + rest


app.mount(sub, url_prefix='/below', local=True)


async def use() -> list[TestResponse]:
    """Send requests to the application and return the responses."""
    client = TestClient(app)
    responses = [
        await client.get('/', query={'name': 'x', 'times': 2}),
        await client.get('/things/a'),
        await client.get('/things/2'),
        await client.get('/lines'),
        await client.get('/ticks'),
        await client.get('/status'),
        await client.get('/source'),
        await client.get('/away', follow_redirects=True),
        await client.post('/upload', form={'note': 'n'}, files={'file': ('a.txt', b'abc')}),
        await client.post('/upload-large', form={'note': 'n'}, files={'file': ('a.txt', b'abc')}),
        await client.get('/count'),
        await client.post('/log-in', follow_redirects=True),
        await client.get('/me'),
        await client.get('/basic', auth=('ada', 'lovelace')),
        await client.get('/token/x', headers={'Authorization': 'Bearer token'}),
        await client.get('/below/this'),
        await client.get('/nothing'),
    ]
    async with client.connect('/echo') as ws:
        await ws.send('hello')
        assert await ws.receive() == 'HELLO'
    async with client.stream('GET', '/events') as stream:
        async for event in stream.events(limit=1):
            assert event['data_json'] == {'n': 1}
    return responses


values: MultiDict[str] = MultiDict({'a': 'b'})
first: str = values['a']
headers: NoCaseDict[str] = NoCaseDict({'A': 'b'})
version: str = headers['a']

if __name__ == '__main__':
    for answer in asyncio.run(use()):
        print(answer.status_code, answer.text)
