"""Wrong uses: mypy has to find an error of that code in each line that names one, and no other."""

from microdot import Microdot, Request, Response, abort
from microdot.auth import BasicAuth
from microdot.cors import CORS
from microdot.session import Session, SessionDict, with_session
from microdot.sse import SSE, with_sse
from microdot.test_client import TestClient
from microdot.websocket import WebSocket, with_websocket

app = Microdot(debug=True)  # wrong: call-arg
app.run(port='5000')  # wrong: arg-type
app.mount('/sub', app)  # wrong: arg-type
app.static('/', 'web', cache=60)  # wrong: call-arg
app.runs()  # wrong: attr-defined
CORS(app, allowed_origins=8)  # wrong: arg-type
Session(app, secret_key=8)  # wrong: arg-type
auth = BasicAuth(realm=b'bytes')  # wrong: arg-type


@app.get('/no-request')  # wrong: type-var
async def no_request() -> str:
    return 'x'


@app.get('/no-result')  # wrong: type-var
async def no_result(request: Request) -> object:
    return object()


@app.get('/number')  # wrong: type-var
async def number(request: Request) -> float:
    return 1.5


@app.get(404)  # wrong: arg-type
async def pattern(request: Request) -> str:
    return 'x'


@app.get('/no-session')
@with_session  # wrong: arg-type
async def no_session(request: Request, session: str) -> str:
    return 'x'


@app.get('/no-websocket')
@with_websocket
async def no_websocket(request: Request, ws: WebSocket) -> None:
    await ws.send(8)  # wrong: arg-type
    await ws.close(code='1000')  # wrong: arg-type


@with_websocket(ping=10)  # wrong: call-overload
async def ping(request: Request, ws: WebSocket) -> None:
    pass


@app.get('/no-events')
@with_sse
async def no_events(request: Request, sse: SSE) -> None:
    await sse.send('x', name='y')  # wrong: call-arg


@auth.authenticate  # wrong: type-var
async def check(request: Request) -> bool:
    return True


@app.errorhandler('404')  # wrong: call-overload
async def not_found(request: Request) -> str:
    return 'x'


@app.errorhandler(KeyError)  # wrong: arg-type
async def no_key(request: Request, exc: OSError) -> str:
    return 'x'


@app.after_request  # wrong: type-var
async def after(request: Request) -> None:
    pass


def use(request: Request, session: SessionDict) -> str:
    length: str = request.content_length  # wrong: assignment
    name: str = request.args.get('name')  # wrong: assignment
    request.form['name']  # wrong: index
    request.headers[5]  # wrong: index
    name = request.bodies  # wrong: attr-defined
    response = Response('x', status='200')  # wrong: call-arg
    response.set_cookie('a', 5)  # wrong: arg-type
    response.set_cookie('a', 'b', same_site='lax')  # wrong: arg-type
    response.delete_cookie('a', http=True)  # wrong: call-arg
    abort('404')  # wrong: arg-type
    return length + name


async def test() -> None:
    client = TestClient(app)
    await client.get('/', queries={})  # wrong: call-arg
    await client.stream('GET', '/')  # wrong: misc
