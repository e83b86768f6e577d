"""How any response goes over the wire: its head, and the framing of its body, without I/O.

The version of the request, and whether the connection is to stay open, decide about what the
context-free ``Response.write`` cannot know (RFC 9112, sections 6 and 9).
"""

from .compat import const
from .heads import has_control, is_token
from .http1 import CHUNKED, date_line
from .responding import check_body
from .status import reason_phrase

_BLOCK = const(1280)  # bytes that are written at once, unless they come so


def status_line(version, status_code, reason):
    """Return the status line as a str, with its CRLF.

    :param version: ``'1.0'`` or ``'1.1'``.
    :param status_code: the status.
    :param reason: the reason phrase.

    Raises ``ValueError`` for what would break the head.
    """
    if has_control(reason.encode()) or not 100 <= status_code <= 999:
        raise ValueError('invalid status')
    return 'HTTP/%s %d %s\r\n' % (version, status_code, reason)


def header_lines(headers):
    """Return the lines of response headers as one str, each ended by CRLF.

    :param headers: a mapping; a list as value gives a line for each of its items.

    Raises ``ValueError`` for a name or value that would break the head (RFC 9110, section 5.5).
    """
    text = ''
    for name, values in headers.items():
        if not is_token(name.encode()):
            raise ValueError('invalid header name')
        for value in values if isinstance(values, list) else (values,):
            value = str(value)
            if has_control(value.encode()):
                raise ValueError('invalid header value')
            text += name + ': ' + value + '\r\n'
    return text


def is_bodyless(status_code):
    """Tell whether responses with a status have no body (RFC 9110, section 15).

    Raises ``ValueError`` for 1xx: the client would take the next response for the one it waits for.
    """
    if status_code < 200:
        raise ValueError('invalid status')
    return status_code in (204, 304)


def given_length(headers):
    """Return the ``Content-Length`` that an application has given, ``None`` if it has not.

    Raises ``ValueError`` or ``TypeError`` for what is no length.
    """
    length = headers.get('Content-Length')
    if length is None:
        headers.pop('Content-Length', None)
        return None
    length = int(length)
    if length < 0:
        raise ValueError('invalid length')
    return length


def prepare(response, version, persistent):
    """Return (head, body, stream, length, persistent) for a response.

    :param response: the ``Response``.
    :param version: the version of the request, ``'1.0'`` or later.
    :param persistent: whether the connection may stay open.

    The body is bytes, ``b''`` where a stream follows. The stream is an asynchronous iterator, which
    has to be closed even if ``response.is_head``; of it ``length`` bytes are sent, ``CHUNKED`` or
    ``None`` for all until the connection ends. Raises ``ValueError`` or ``TypeError`` for what
    cannot be sent.
    """
    status_code, headers = response.status_code, response.headers
    bodyless = is_bodyless(status_code)
    if 'close' in str(headers.pop('Connection', '')).lower():
        persistent = False
    headers.pop('Transfer-Encoding', None)
    if bodyless and status_code != 304:
        headers.pop('Content-Length', None)
    length = given_length(headers)
    lines = header_lines(headers)
    body, stream, size = _measure(response)
    if bodyless:
        body, length = b'', 0
    else:
        if 'Content-Type' not in headers:
            lines += 'Content-Type: ' + response.content_type() + '\r\n'
        if length is not None:
            persistent = persistent and (stream or response.is_head or len(body) >= length)
            body = body[:length]
        elif size is not None:
            length = size
            lines += 'Content-Length: %d\r\n' % size
        elif version == '1.0':
            persistent = False
        else:
            length = CHUNKED
            lines += 'Transfer-Encoding: chunked\r\n'
    if 'Date' not in headers:
        lines += date_line().decode()
    if not persistent:
        lines += 'Connection: close\r\n'
    reason = reason_phrase(status_code) if response.reason is None else response.reason
    head = status_line('1.0' if version == '1.0' else '1.1', status_code, reason)
    head = (head + lines + '\r\n').encode()
    return head, b'' if response.is_head else body, stream, length, persistent


def _measure(response):
    """Return (body, stream, size): bytes, or an iterator and its size in bytes if that is known."""
    body = response.body
    if body is None:
        return b'', None, 0
    if isinstance(body, (bytes, bytearray, memoryview)):
        body = bytes(body)
        return body, None, len(body)
    check_body(body)
    stream = response.body_iter()
    if response.is_file:
        from .files import file_size

        return b'', stream, file_size(body)
    return b'', stream, None


class Gathering:
    """What is next to be written of a streamed response: its head, and pieces of its body.

    :param head: the head, bytes.
    :param left: how many bytes the body is to have, ``CHUNKED``, or ``None`` for any number.
    """

    writing = None  # the task that is to write it, or is at it

    def __init__(self, head, left):
        self.before = head
        self.left = left
        self.pieces = []
        self.size = 0  # of the pieces, in bytes
        self.after = b''

    def add(self, piece):
        """Add a piece of the body. Raises ``TypeError`` if it is neither str nor bytes."""
        if isinstance(piece, str):
            piece = piece.encode()
        elif not isinstance(piece, bytes):
            piece = bytes(memoryview(piece))  # a buffer, which its owner may use again
        size = len(piece)
        if self.left is not None and self.left != CHUNKED:
            if size > self.left:
                size = self.left
                piece = piece[:size]
            self.left -= size
        if size:
            self.pieces.append(piece)
            self.size += size

    def end(self):
        """Note that the body is complete; return whether it is as long as was announced."""
        if self.left == CHUNKED:
            self.after = b'0\r\n\r\n'
        return not self.left or self.left == CHUNKED

    def take(self):
        """Return what is to be written, as a list of bytes, and forget it.

        The pieces make one chunk of a chunked body (RFC 9112, section 7.1).
        """
        parts = [self.before] + self.pieces + [self.after]
        if self.size and self.left == CHUNKED:
            parts[0] += b'%x\r\n' % self.size
            parts[-1] = b'\r\n' + self.after
        self.before = self.after = b''
        self.pieces = []
        self.size = 0
        return _joined([part for part in parts if part])


def _joined(parts):
    """Return a list of fewer parts, none of them long but those that are so already."""
    blocks = []
    begun = size = 0
    for i in range(len(parts)):
        size += len(parts[i])
        if size > _BLOCK:
            blocks.append(parts[begun:i])
            begun = i
            size = len(parts[i])
    blocks.append(parts[begun:])
    try:
        return [block[0] if len(block) == 1 else b''.join(block) for block in blocks if block]
    except MemoryError:
        return parts  # with a write for each
