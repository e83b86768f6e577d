"""The verdict on some bytes is the same however they are split (RFC 9112), tried byte by byte."""

import asyncio

from microdot import Microdot
from wire import DEADLINE, serve

HEAD = b'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n'
GET = b'GET / HTTP/1.1\r\nHost: h\r\n\r\n'
TLS_HELLO = bytes((22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3)) + bytes(range(11, 60))

# Bytes, and the statuses of the answers to them.
TABLE = (
    # Empty lines before a request are skipped (2.2), but not a bare CR.
    (b'\r\n\n' + GET, '200'),
    (b'\r' + GET, '400'),
    (b'\r\r\n' + GET, '400'),
    # No request begins with a control character; TLS does.
    (b'\0' + GET, '400'),
    (b'\t' + GET, '400'),
    (TLS_HELLO, '400'),
    # Trailer fields (7.1.2).
    (HEAD + b'0\r\n\r\n' + GET, '200 200'),
    (HEAD + b'1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n' + GET, '200 200'),
    (HEAD + b'0\r\nGET / HTTP/1.1\r\n\r\n', '400'),
    (HEAD + b'0\r\nX: y\r\n folded\r\n\r\n', '400'),
    (HEAD + b'0\r\n: nameless\r\n\r\n', '400'),
    (HEAD + b'0\r\nX y: z\r\n\r\n', '400'),
    (HEAD + b'0\r\nX: y\0\r\n\r\n', '400'),
    (HEAD + b'0\r\nX: y\n\r\n', '400'),
    # Extensions of chunks (7.1.1) have a bound.
    (HEAD + b'1;a=' + b'b' * 200 + b'\r\na\r\n0\r\n\r\n' + GET, '200 200'),
    (HEAD + b'1;a=' + b'b' * 2000 + b'\r\na\r\n0\r\n\r\n', '400'),
    (HEAD + b'1;a\rb\r\na\r\n0\r\n\r\n', '400'),
)


def make_app():
    app = Microdot()
    app.route('/', methods=['GET', 'POST'])(lambda request: 'ok')
    return app


async def statuses(server, wanted, *parts):
    """The statuses of the answers to bytes that are sent in these parts: `wanted` and no more."""
    client = await server.open()
    for part in parts:
        try:
            await client.send(part)
        except OSError:  # refused already
            break
        await asyncio.sleep(0)
    found = []
    while len(found) < 2:
        try:
            patience = DEADLINE if len(found) < len(wanted.split()) else 0.2
            reply = await asyncio.wait_for(client.response(), patience)
        except (EOFError, OSError, asyncio.TimeoutError):
            break
        found.append(str(reply.status))
        if reply.header('Connection') == 'close':
            break
    server.clients.remove(client)
    await client.close()
    return ' '.join(found)


async def test_whole():
    async with serve(make_app()) as server:
        for raw, wanted in TABLE:
            found = await statuses(server, wanted, raw)
            assert found == wanted, (raw[:80], found)


async def test_byte_by_byte():
    async with serve(make_app(), linger_timeout=0.1) as server:
        for raw, wanted in TABLE:
            if len(raw) > 400:  # longer than what is to be tried
                wanted = ''
            found = await statuses(
                server, wanted, *[raw[i : i + 1] for i in range(min(len(raw), 400))]
            )
            assert found == wanted or not wanted, (raw[:80], found)


async def test_in_two_at_every_place():
    async with serve(make_app(), linger_timeout=0.05) as server:
        for raw, wanted in TABLE:
            begin = raw.find(b'chunked\r\n\r\n') + 11 if HEAD in raw else 1
            for place in range(begin, min(len(raw), begin + 12)):
                found = await statuses(server, wanted, raw[:place], raw[place:])
                assert found == wanted, (raw[:80], place, found)


async def test_heads_at_the_limit():
    """Of 4096 bytes with the empty line; and request lines that are too long, however long."""
    head = b'GET / HTTP/1.1\r\nHost: h\r\n'
    line = b'A: ' + b'a' * 1000 + b'\r\n'
    async with serve(make_app(), linger_timeout=0.05) as server:
        for size, wanted in ((4094, '200'), (4096, '200'), (4097, '431')):
            for last in range(4):
                rest = b'B: ' + b'b' * (size - len(head) - 3 * len(line) - 7) + b'\r\n\r\n'
                cut = len(rest) - last
                parts = head, line, line, line, rest[:cut], rest[cut:]
                found = await statuses(server, wanted, *parts)
                assert found == wanted, (size, last, found)
        for size in (2049, 4085, 4100, 4500):
            for begin in (5, 500, 1000):
                parts = [b'GET /' + b'a' * (begin - 5)]
                for start in range(begin, size - 9, 500):
                    parts.append(b'a' * min(500, size - 9 - start))
                found = await statuses(server, '414', *parts, b' HTTP/1.1\r\nHost: h\r\n\r\n')
                assert found == '414', (size, begin, found)
