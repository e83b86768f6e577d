"""What is asked of the measured applications: the client, one step after the other.

A step is a request and the answer that it must get, or a conversation over a WebSocket. It goes
over a connection of its own, or over one that persists. Every answer is read to its end and
compared."""

import base64
import http.client
import json
import pathlib
import struct

HOST = '127.0.0.1'
DEADLINE = 10  # seconds without a byte before a server counts as hung
STYLE = (b'.card { margin: 1em; padding: .5em; }\n' * 40)[:1024]
PAGE = (b'<p>Of the twelve kilobytes of this page, this is a line.</p>\n' * 250)[: 12 * 1024]
UPLOAD = bytes(range(256)) * 200  # 50 KB
ECHOES = 20
MESSAGE = b'A message of a hundred bytes. '.ljust(100, b'.')
EVENTS = 30
_FIELD = (
    b'--limit\r\nContent-Disposition: form-data; name="title"\r\n\r\nlog\r\n'
    b'--limit\r\nContent-Disposition: form-data; name="file"; filename="log.bin"\r\n'
    b'Content-Type: application/octet-stream\r\n\r\n%s\r\n--limit--\r\n'
)
_MULTIPART = {'Content-Type': 'multipart/form-data; boundary=limit'}
_FORM = {'Content-Type': 'application/x-www-form-urlencoded'}
_JSON = {'Content-Type': 'application/json'}
_STATE = {'lamp': 'off', 'level': 40, 'channels': [1, 2, 3], 'name': 'kitchen'}


class StepError(Exception):
    """An answer did not come, or was not the one that was expected."""


class Exchange:
    """A request with the status and body of its answer: bytes, a dictionary (JSON), or
    None for any."""

    def __init__(self, name, target, status=200, answer=None, **request):
        self.name = name
        self.target = target
        self.status = status
        self.answer = answer
        self.method = request.get('method', 'GET')
        self.headers = {'User-Agent': 'measure/1.0', 'Accept': '*/*', **request.get('headers', {})}
        self.body = request.get('body')

    def send(self, client, close):
        """Do this step over a `http.client.HTTPConnection`."""
        headers = {**self.headers, 'Connection': 'close'} if close else self.headers
        client.request(self.method, self.target, self.body, headers)
        with client.getresponse() as response:
            body = response.read()
            if response.status != self.status or not self._expects(body):
                raise StepError(f'{self.name}: {response.status} {body[:200]!r}')
            if not close and response.will_close:
                raise StepError(f'{self.name}: the server closed a persistent connection')

    def raw(self):
        """The bytes of the request."""
        headers = {'Host': HOST, **self.headers}
        if self.body is not None:
            headers['Content-Length'] = len(self.body)
        lines = [f'{self.method} {self.target} HTTP/1.1']
        lines += [f'{name}: {value}' for name, value in headers.items()]
        return '\r\n'.join([*lines, '', '']).encode() + (self.body or b'')

    def _expects(self, body):
        if not isinstance(self.answer, dict):
            return self.answer in (None, body)
        try:
            return json.loads(body) == self.answer
        except ValueError:
            return False


class Echoes:
    """A WebSocket: opened, `count` messages echoed, closed; always on a connection of its own."""

    def __init__(self, name, target, count):
        self.name = name
        self.target = target
        self.count = count

    def send(self, client, close):
        client.close()  # the connection that persists
        client.connect()
        try:
            with client.sock.makefile('rb') as answers:
                self._talk(client.sock, answers)
        finally:
            client.close()

    def _talk(self, stream, answers):
        key = base64.b64encode(bytes(16)).decode()
        stream.sendall(
            f'GET {self.target} HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\nConnection: '
            f'Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n'.encode()
        )
        if b' 101 ' not in answers.readline():
            raise StepError(f'{self.name}: no WebSocket')
        while answers.readline() not in (b'\r\n', b''):
            pass
        for _ in range(self.count):
            stream.sendall(frame(1, MESSAGE))
            echo = bytes((0x81, len(MESSAGE))) + MESSAGE
            got = answers.read(len(echo))
            while got[:2] == b'\x89\x00':  # a ping; the next message is an answer, too
                got = got[2:] + answers.read(2)
            if got != echo:
                closed = echo.startswith(got) or got[0] == 0x88
                raise StepError(f'{self.name}: ' + ('no answer' if closed else 'another echo'))
        stream.sendall(frame(8, struct.pack('>H', 1000)))
        answers.read()


def frame(opcode, payload):
    """A frame from a client with less than 126 bytes, masked with zeros (RFC 6455, 5.2)."""
    return bytes((0x80 | opcode, 0x80 | len(payload))) + bytes(4) + payload


PAGE_STEPS = (
    Exchange('hello', '/', answer=b'Hello, world!'),
    Exchange('404', '/favicon.ico', 404, b'Nothing at /favicon.ico'),
    Exchange('path argument', '/rooms/kitchen', answer=b'The room is kitchen'),
    Exchange('int argument', '/channels/7', answer=b'Channel 8'),
    Exchange('query', '/search?q=lamp&limit=3', answer=b'3 results for lamp'),
    Exchange('header', '/language', answer=b'de', headers={'Accept-Language': 'de'}),
    Exchange('JSON out', '/state', answer=_STATE),
    Exchange(
        'JSON in', '/state', 201, {'level': 40}, method='PUT', body=b'{"level": 40}', headers=_JSON
    ),
    Exchange(
        'form',
        '/settings',
        answer=b'K\xc3\xbcche/auto',
        method='POST',
        body=b'name=K%C3%BCche&mode=auto',
        headers=_FORM,
    ),
    Exchange('cookie', '/visit', answer=b'Visit 3', headers={'Cookie': 'theme=dark; visits=2'}),
    Exchange('file of 1 KB', '/style.css', answer=STYLE),
    Exchange('redirect', '/old', 302, b''),
    Exchange('abort', '/private', 403, b'Not for you'),
    Exchange('stream', '/log', answer=b''.join(b'line %d\n' % n for n in range(5))),
)
LIVE_STEPS = (
    Exchange('file of 12 KB', '/static/page.html', answer=PAGE),
    Echoes('WebSocket', '/echo', 0),
    Echoes('20 echoes', '/echo', ECHOES),
    Exchange('30 events', '/events'),
    Exchange(
        'upload of 50 KB',
        '/upload',
        answer={'title': 'log', 'name': 'log.bin', 'length': len(UPLOAD)},
        method='POST',
        body=_FIELD % UPLOAD,
        headers=_MULTIPART,
    ),
)
# A session is what `programs/sessions.py` has put into a cookie.
_SESSION = (
    'session=eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJ1c2VyIjogImFubiJ9'
    '.JcyVoT8vtWAnEKmS3A0V4sMUtYQhjH8HUw8DU9iEH8M'
)
SESSION_STEPS = (
    Exchange('login', '/login', answer=b'Welcome', method='POST', body=b'user=ann', headers=_FORM),
    Exchange('session', '/user', answer=b'ann', headers={'Cookie': _SESSION}),
)
PROFILES = {  # the steps of each program
    'hello': PAGE_STEPS[:1],
    'basic': PAGE_STEPS,
    'page': PAGE_STEPS,
    'live': LIVE_STEPS,
    'sessions': SESSION_STEPS,
}


def write_files(folder):
    """Put the files that the applications send into their working folder."""
    static = pathlib.Path(folder) / 'static'
    static.mkdir(parents=True, exist_ok=True)
    (static / 'page.html').write_bytes(PAGE)
    (static.parent / 'style.css').write_bytes(STYLE)


class Client:
    """Does steps against the server at a port; `close`: each over a connection of its own.

    Raises StepError."""

    def __init__(self, port, close, deadline=DEADLINE, host=HOST):
        self._close = close
        self._connection = http.client.HTTPConnection(host, port, timeout=deadline)

    def do(self, step, times=1):
        """Do a step a number of times."""
        try:
            for _ in range(times):
                step.send(self._connection, self._close)
                if self._close:
                    self._connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise StepError(f'{step.name}: no answer: {error!r}') from error

    def hang_up(self):
        """Close the connection; the next step opens another."""
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.hang_up()
