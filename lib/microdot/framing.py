"""How a response goes over the wire: its head and the framing of its body, without I/O.

The version of the request, and whether the connection is to stay open, decide about what the
context-free ``Response.write`` cannot know (RFC 9112, sections 6 and 9).
"""

import time

from .http1 import CHUNKED, header_lines, http_date, status_line

_YEAR_OF_AN_UNSET_CLOCK = 2024  # boards start in 1970, 2000 or 2021
_date = (0, '')


def date_line():
    """Return the ``Date`` line, empty while the clock is not set (RFC 9110, section 6.6.1)."""
    global _date
    now = int(time.time())
    if now != _date[0]:
        known = time.gmtime(now)[0] >= _YEAR_OF_AN_UNSET_CLOCK
        _date = now, 'Date: ' + http_date(now) + '\r\n' if known else ''
    return _date[1]


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
    bodyless = status_code < 200 or status_code in (204, 304)
    length = None
    lines = ''
    if headers:
        if 'close' in str(headers.pop('Connection', '')).lower():
            persistent = False
        headers.pop('Transfer-Encoding', None)
        if bodyless and status_code != 304:
            headers.pop('Content-Length', None)
        length = headers.get('Content-Length')
        lines = header_lines(headers)
    body, stream, size = _measure(response)
    if bodyless:
        body, length = b'', 0
    else:
        if 'Content-Type' not in headers:
            lines += 'Content-Type: ' + response.content_type() + '\r\n'
        if length is not None:
            length = int(length)
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
        lines += date_line()
    if not persistent:
        lines += 'Connection: close\r\n'
    head = status_line('1.0' if version == '1.0' else '1.1', status_code, _reason(response))
    head = (head + lines + '\r\n').encode()
    return head, b'' if response.is_head else body, stream, length, persistent


def _reason(response):
    if response.reason is not None:
        return response.reason
    if response.status_code == 200:
        return 'OK'
    from .status import reason_phrase

    return reason_phrase(response.status_code)


def _measure(response):
    """Return (body, stream, size): bytes, or an iterator and its size in bytes if that is known."""
    body = response.body
    if body is None:
        return b'', None, 0
    if isinstance(body, (bytes, bytearray, memoryview)):
        body = bytes(body)
        return body, None, len(body)
    stream = response.body_iter()
    if getattr(stream, 'advance', None) and not stream.iterable:
        raise TypeError('a response body cannot be of ' + str(type(body)))
    if response.is_file:
        from .files import file_size

        return b'', stream, file_size(body)
    return b'', stream, None
