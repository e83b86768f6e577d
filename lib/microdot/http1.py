"""HTTP/1.1 without I/O: request heads, and plain responses (RFC 9112).

``split_head`` finds one head in a buffer, ``parse_head`` checks its lines strictly and returns what
they say or raises ``ClientError`` with the status of the answer. Nothing here reads, writes or
waits, so the server, the tests and the test client share it. What few requests have is in
``heads``, what few responses have is in ``framing``.
"""

import time

from .compat import const

_SMALL = const(2048)  # bytes of a body that leaves together with its head
CHUNKED = const(-1)  # the length of a body that says its length chunk by chunk

_SLASH = const(47)  # a number takes no memory, as bytes of their own do
_HASH = const(35)
_YEAR_OF_AN_UNSET_CLOCK = const(2024)  # boards start in 1970, 2000 or 2021
# Stripping all characters that are allowed leaves nothing of what is valid. These are not all that
# may be in the name of a header or a host, but all that usually are; the frequent ones come first.
_USUAL = b'etaoinsrhldcumfpgwybvkxjqz-.0123456789'
_NAMES = 'MonTueWedThuFriSatSunJanFebMarAprMayJunJulAugSepOctNovDec'
_date = (0, b'')


def split_head(data):
    """Split the head off the bytes received.

    :param data: what was received, from the first byte of the request line on.

    Returns (lines, rest), or ``None`` while the end of the head is missing. A line ends with CRLF;
    a bare LF is taken for one (RFC 9112, section 2.2).
    """
    end = data.find(b'\r\n\r\n')
    if end >= 0:
        lines = data[:end].split(b'\r\n')
        if len(lines) == data.count(b'\n', 0, end) + 1:
            return lines, data[end + 4 :]
    if b'\n\n' in data or b'\n\r\n' in data:
        from .heads import split_bare

        return split_bare(data)
    return None


def parse_head(lines, max_line, max_headers):
    """Parse the lines of a request head.

    :param lines: a list of bytes without line ends, the request line first; it is taken off.
    :param max_line: the longest line that is accepted, in bytes.
    :param max_headers: how many header lines are accepted.

    Returns (method, target, version, header lines, length, persistent, expects): the length of the
    body in bytes or ``CHUNKED``, whether the connection may stay open, and whether the client waits
    for 100 (Continue). Raises ``ClientError``.
    """
    line = lines.pop(0)
    words = line.split(b' ')
    if (
        len(words) != 3
        or words[2] != b'HTTP/1.1'
        or line[len(words[0]) + 1] != _SLASH
        or not words[0].isalpha()
        or len(line) > max_line
        or min(line) < 32
        or max(line) > 126
        or _HASH in line
    ):
        from .heads import unusual_request_line

        words = unusual_request_line(line, max_line, lines)
    host, fields, persistent = _take_fields(lines, max_line)
    length, expects = 0, False
    if (
        fields
        or not host
        or host.rstrip(b'0123456789').rstrip(b':').strip(_USUAL)
        or host.count(b':') > 1
        or words[2] != b'HTTP/1.1'
        or len(lines) > max_headers
    ):
        from .heads import framing

        length, keep, expects = framing(words[2], host, fields or {}, lines, max_headers)
        persistent = persistent and keep
    version = '1.1' if words[2] == b'HTTP/1.1' else words[2][5:].decode()
    return words[0].decode(), words[1].decode(), version, lines, length, persistent, expects


def _take_fields(lines, max_line):
    """Return (host, fields, persistent) of header lines, which are checked.

    The fields are a dictionary of those that say how to read the rest, ``None`` if there are none.
    """
    host = fields = None
    persistent = True
    for line in lines:
        colon = line.find(b':')
        name = line[:colon].lower()
        if colon < 1 or min(line) < 32 or name.strip(_USUAL) or len(line) > max_line or 127 in line:
            from .heads import check_header_line

            check_header_line(line, max_line)
        if name == b'host' and host is None:
            host = line[colon + 1 :].strip()
        # As one text: a field that happens to be named like a part of it does no harm.
        elif name in b'host content-length transfer-encoding expect connection':
            value = line[colon + 1 :].strip()
            if name == b'connection' and value == b'close':
                persistent = False
            elif name != b'connection' or value != b'keep-alive':
                fields = fields or {}
                fields[name] = fields[name] + b',' + value if name in fields else value
    return host, fields, persistent


def date_line():
    """Return the ``Date`` line as bytes, empty while the clock is not set (RFC 9110, 6.6.1)."""
    global _date
    now = int(time.time())
    if now != _date[0]:
        known = time.gmtime(now)[0] >= _YEAR_OF_AN_UNSET_CLOCK
        _date = now, ('Date: ' + http_date(now) + '\r\n').encode() if known else b''
    return _date[1]


def http_date(seconds):
    """Return a time as the fixed-length date of HTTP (RFC 9110, section 5.6.7).

    :param seconds: as ``time.time()`` counts them.
    """
    year, month, day, hour, minute, second, weekday = time.gmtime(seconds)[:7]
    return '%s, %02d %s %04d %02d:%02d:%02d GMT' % (
        _NAMES[3 * weekday : 3 * weekday + 3],
        day,
        _NAMES[3 * month + 18 : 3 * month + 21],
        year,
        hour,
        minute,
        second,
    )


def plain_response(response, version, persistent):
    """Return the bytes of a small HTTP/1.1 response with status 200 and no headers of its own.

    :param response: the ``Response``; of another kind of it, ``None`` is returned.
    :param version: the version of the request.
    :param persistent: whether the connection stays open.
    """
    body = response.body
    if (
        version != '1.1'
        or response.has_headers
        or response.status_code != 200
        or response.is_head
        or response.reason
        or not isinstance(body, bytes)
        or len(body) > _SMALL
    ):
        return None
    content_type = response.default_content_type
    return b'HTTP/1.1 200 OK\r\nContent-Type: %s%s\r\nContent-Length: %d\r\n%s%s\r\n%s' % (
        content_type.encode(),
        b'' if 'charset=' in content_type else b'; charset=UTF-8',
        len(body),
        date_line(),
        b'' if persistent else b'Connection: close\r\n',
        body,
    )
