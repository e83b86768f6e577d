"""What one client may cost the others: turns, memory, and work, counted rather than timed."""

import asyncio
import gc

from microdot import AsyncBytesIO, Microdot, Request, URLPattern
from microdot.http1 import ClientError, parse_head
from microdot.microdot import NoCaseDict
from support import MICROPYTHON, araises, raises, skip
from wire import get, post, serve


async def turns_of(raw, answers, max_body_length=16384):
    """Serve these bytes; return the longest run of the handler without a turn for others."""
    app = Microdot()
    state = {'run': 0, 'longest': 0}

    @app.route('/', methods=['GET', 'POST'])
    async def index(request):
        while True:
            state['run'] += 1
            state['longest'] = max(state['run'], state['longest'])
            if request.method == 'GET' or not await request.stream.read(4096):
                return 'ok'

    async def other():
        while True:
            state['run'] = 0
            await asyncio.sleep(0)

    async with serve(app, max_body_length=max_body_length, max_content_length=1000000) as server:
        client = await server.open()
        task = asyncio.create_task(other())
        sending = asyncio.create_task(client.send(raw))
        for _ in range(answers):
            assert (await client.response()).body == b'ok'
        await sending
        task.cancel()
    return state['longest']


async def test_turns():
    """Pipelined requests, and a body that is all there, are served by turns."""
    for raw, answers, most in (
        (get('/') * 100, 100, 3),
        (post('/', b'x') * 50, 50, 5),
        (post('/', b'x' * 20000), 1, 20),
        (
            b'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n'
            + b'1\r\nx\r\n' * 1000
            + b'0\r\n\r\n',
            1,
            120 if MICROPYTHON else 800,
        ),
    ):
        longest = await turns_of(raw, answers, 0 if answers == 1 else 16384)
        print(len(raw), 'bytes:', longest, 'steps without a turn')
        assert longest <= most, (raw[:30], longest)


def test_heads_are_counted_before_they_are_split():
    if not MICROPYTHON:
        skip('counts the allocations of MicroPython')
    head = b'GET / HTTP/1.1\r\nHost: a\r\n' + b'a:\r\n' * 1000
    parse = lambda: parse_head(head, 2048, 64)  # noqa: E731
    assert raises(ClientError, parse).status_code == 431
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        raises(ClientError, parse)
        taken = gc.mem_alloc() - before
    finally:
        gc.enable()
    assert taken < 3 * len(head), taken


async def test_bodies_are_kept_in_pieces():
    """A body takes no large block before somebody wants it in one."""
    request = Request(Microdot(), None, 'POST', '/', '1.1', NoCaseDict())
    await AsyncBytesIO(b'abcdefghij' * 1000).load(request)
    assert max([len(piece) for piece in request._pieces]) <= 1024
    assert await request.stream.readexactly(5) == b'abcde'
    assert request.body == b'abcdefghij' * 1000


async def test_lines_have_a_limit():
    """And what was searched for their end is not searched again."""

    class Counting(AsyncBytesIO):
        taken = 0
        max_line = 4000

        async def read_some(self, n):
            data = await super().read_some(n)
            self.taken += len(data)
            return data

    for size, fits in ((1000, True), (4000, True), (4001, False), (9000, False)):
        stream = Counting(b'x' * (size - 1) + b'\n')
        if fits:
            assert len(await stream.readline()) == size
        else:
            assert (await araises(ClientError, stream.readline())).status_code == 413
            assert stream.taken <= 4000 + 256


# Patterns, and paths that would take a backtracking matcher a very long time.
PATHS = (
    ('/p/<path:a>/x/<path:b>/edit', '/p/' + 'x/' * 900),
    ('/<path:a>/<path:b>/<path:c>/<path:d>/z', '/' + 'x/' * 500),
    ('/<a>/<path:b>/x/<int:c>', '/a/' + 'x/' * 500),
)


def test_matching_is_bounded():
    """By the number of the path's segments times that of the pattern's."""

    class Counting(URLPattern):
        steps = 0

        def _fits(self, *args):
            self.steps += 1
            return super()._fits(*args)

    for text, path in PATHS:
        pattern = Counting(text)
        assert pattern.match(path) is None, text
        assert pattern.steps <= path.count('/') * text.count('/'), (text, pattern.steps)
    for pattern in ('/<re:(x+x+)+y:a>', '/a/<re:.*:b>'):
        assert URLPattern(pattern).match('/a/' + 'x' * 300) is None
