"""Parts of the framework as targets of tests, on both runtimes: pieces of bytes in, text out.

    text = answer('head', [b'GET / HTTP/1.1...'])

Malformed input has a text, too. Any exception is a fault, as is a text that depends on the pieces.
As a program it reads lines: `+474554` for a piece, `head` to be answered. An answer is a line with
`= ` and the text, or `FAULT ` and the exception.
"""

import asyncio
import sys
from binascii import crc32, hexlify, unhexlify
from io import BytesIO

from microdot.http1 import ClientError, HTTPException, parse_head, split_head


def show(value):
    """A value as text, the same on both runtimes."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, (bytes, bytearray)):
        return hexlify(value).decode()
    if isinstance(value, (tuple, list)):
        return '[' + ' '.join([show(item) for item in value]) + ']'
    return str(value)


def text_of(data):
    """Bytes as the text of a header field: UTF-8, or else Latin-1."""
    try:
        return data.decode()
    except ValueError:
        return ''.join([chr(c) for c in data])


class Wire:
    """Both streams of a connection that brings pieces and then goes silent."""

    out_buf = b''

    def __init__(self, pieces):
        self._buffer = [piece for piece in pieces if piece]
        self.sent = bytearray()
        self.ended = -1  # how much was sent when the server had all pieces and waited for more
        self.s = self.transport = self

    async def read(self, n):
        if not self._buffer:
            if self.ended < 0:
                self.ended = len(self.sent)
            raise OSError(104)
        data = self._buffer.pop(0)
        if len(data) > n:
            self._buffer.insert(0, data[n:])
        return data[:n]

    def write(self, data):
        self.sent.extend(data)

    def nothing(self, *args, **kwargs):
        pass

    # What asyncio's streams, their transports and MicroPython's sockets have in addition.
    setsockopt = set_write_buffer_limits = abort = close = nothing
    can_write_eof = is_closing = get_write_buffer_size = get_extra_info = nothing


async def served(pieces, make):
    app = make()
    app._connections = []
    app._watched = True  # nothing lasts long enough
    wire = Wire(pieces)
    await app.handle_request(wire, wire)
    # What it said when nothing more came was for the client's leaving.
    return bytes(wire.sent[: wire.ended] if wire.ended >= 0 else wire.sent)


def server(pieces):
    """A connection, as `outcomes` describes it."""
    from echo_program import Echo
    from outcomes import outcome

    return outcome(asyncio.run(served(pieces, Echo)))


def head(pieces):
    """`parse_head` and the `Request` of what it returns."""
    from microdot import Request

    found = split_head(b''.join(pieces))
    if not found:
        return 'more'
    parsed = parse_head(found[0], 2048, 64)
    method, target, version, lines = parsed[:4]
    request = Request(None, None, method, target, version, lines)
    fields = [(name, request.headers[name]) for name in request.headers]
    return show([parsed, request.path, request.query_string or '', sorted(fields)])


def form(pieces):
    """The parts of a form; its content type is the line before it."""
    whole = b''.join(pieces)
    texts = [asyncio.run(read_form(whole, size)) for size in (1024, 7, 1)]
    assert texts[0] == texts[1] == texts[2], texts
    return texts[0]


async def read_form(data, size):
    from microdot.multipart import FormDataIter
    from microdot.request import AsyncBytesIO

    class Request:
        content_length = 0

    content_type, _, body = data.partition(b'\n')
    request = Request()
    request.content_type = text_of(content_type)
    request.stream = AsyncBytesIO(body)
    parts = []
    try:
        iterator = FormDataIter(request)
        iterator.buffer_size = size
        async for name, value in iterator:
            if isinstance(value, str):
                parts.append((name, value[:80], crc32(value.encode())))
            else:
                data = await value.read()
                parts.append((name, value.filename, value.content_type, len(data), crc32(data)))
    except HTTPException as exc:
        assert exc.status_code in (400, 413), exc
        parts.append(exc.status_code)
    return show(parts)


def frames(pieces):
    """The messages of a WebSocket, how it ended, and what was sent."""
    whole = b''.join(pieces)
    texts = [asyncio.run(read_frames(pieces))]
    for size in (1, 5, 4096):
        cut = [whole[i : i + size] for i in range(0, len(whole), size)]
        texts.append(asyncio.run(read_frames(cut)))
    assert len(set(texts)) == 1, texts
    return texts[0]


async def read_frames(pieces):
    from microdot.websocket import WebSocket, WebSocketError

    class Stream:
        buffer = b''
        reading = False
        connection = None

        def __init__(self):
            self.pieces = list(pieces)
            self.sent = b''
            self.sock = (self, self)

        async def fill(self):
            if self.pieces:
                self.buffer = self.buffer + self.pieces.pop(0)
                return True
            return False

        async def awrite(self, data):
            self.sent += data

    stream = Stream()
    ws = WebSocket(stream)
    ws.max_message_length = 1000
    found = []
    try:
        while True:
            found.append(await ws.receive())
    except WebSocketError as exc:
        found.append(exc.code)
    except ValueError:
        found.append('not UTF-8')
    return show([found, stream.sent])


def cookies(pieces):
    """The cookies of a header field; those that can be set have no attribute in them."""
    from microdot.cookies import format_cookie, parse_cookies
    from microdot.http1 import parse_fields

    found = parse_cookies(parse_fields([b'Cookie: ' + b''.join(pieces)])['Cookie'])
    for name, value in found.items():
        if name in ('Path', 'Max-Age', 'Secure', 'HttpOnly', 'SameSite'):
            continue
        try:
            text = format_cookie(name, value, '/', None, None, 5, True, True, None, 'Lax')
        except ValueError:
            continue
        assert text.startswith('%s=%s; Path=/; Max-Age=5; Secure; ' % (name, value)), text
        back = parse_cookies(text)
        assert len(back) == 6 and list(parse_cookies(name + '=' + value)) == [name], text
    return show(sorted(found.items()))


def url(pieces):
    """A query; text that is encoded comes back as it was."""
    from microdot.urlencoded import parse_urlencoded, quote, unquote, urldecode, urlencode

    text = text_of(b''.join(pieces))
    assert urldecode(urlencode(text)) == text
    assert unquote(quote(text)) == text
    values = parse_urlencoded(text)
    return show(sorted([(name, values.getlist(name)) for name in values]))


def ranges(pieces):
    """Ranges of files of some sizes, dates, and preconditions."""
    from microdot.ranges import parse_date, parse_ranges, precondition

    text = text_of(b''.join(pieces))
    found = []
    for size in (0, 1, 10, 1000000):
        parts = parse_ranges(text, size)
        for start, end in parts or ():
            assert 0 <= start < end <= size, (text, size, parts)
        found.append(parts)
    found.append(parse_date(text))
    for name in ('If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since'):
        found.append(precondition({name: text}, '"a"', (2024, 2, 29, 12, 0, 0)))
    return show(found)


def template(pieces):
    """Whether a template compiles; what it is compiled to has to be Python."""
    from utemplate import TemplateError
    from utemplate.compiler import Compiler

    out = BytesIO()
    try:
        Compiler(BytesIO(b''.join(pieces)), out, 'fuzz.html', True).compile()
    except TemplateError as exc:
        return 'error in line %d' % exc.line
    compile(out.getvalue().decode(), 'fuzz_html.py', 'exec')
    return 'compiles %x' % crc32(out.getvalue())


TARGETS = {
    'server': server,
    'head': head,
    'form': form,
    'frames': frames,
    'cookies': cookies,
    'url': url,
    'ranges': ranges,
    'template': template,
}


def answer(target, pieces):
    """Return the text of a target for pieces of bytes."""
    try:
        return TARGETS[target](pieces)
    except ClientError as exc:
        return 'refused %d' % exc.status_code
    except ValueError:
        if target != 'url':  # which documents it
            raise
        return 'ValueError'


def said(target, pieces):
    try:
        if target == 'need_no_host':
            from echo_program import need_no_host

            return need_no_host() or '= done'
        return '= ' + answer(target, pieces)
    except Exception as exc:
        return 'FAULT ' + repr(exc)


def main():
    pieces = []
    while True:
        line = sys.stdin.readline()
        if not line:
            break
        if line[0] == '+':  # short lines, as a board has no memory for long ones
            pieces.append(unhexlify(line[1:].strip()))
            continue
        text = said(line.strip(), pieces)
        pieces = []
        sys.stdout.write(text.replace('\n', '\\n') + '\n')
        if hasattr(sys.stdout, 'flush'):
            sys.stdout.flush()


if __name__ == '__main__':
    main()
