"""HTTP/1.1 without I/O: the request head, the framing of its body, the response head (RFC 9112).

``split_head`` finds one head in a buffer, ``parse_head`` checks its lines strictly and returns what
they say or raises ``ClientError`` with the status of the answer. ``response_head`` is the way back.
Nothing here reads, writes or waits, so the server, the tests and the test client share it.
"""

import time

from .errors import ClientError

CHUNKED = -1  # the length of a body that says its length chunk by chunk

# The only header fields that the server itself acts on.
_FRAMING = (b'host', b'connection', b'content-length', b'transfer-encoding', b'expect')
_TOKEN = b"!#$%&'*+-.^_`|~0123456789"  # besides letters (RFC 9110, section 5.6.2)
_NOT_IN_HOST = b' \t/\\?#@"<>^`{|},'


def split_head(data, start=0):
    """Split the head off the bytes received.

    :param data: what was received, from the first byte of the request line on.
    :param start: where the search may begin, from an earlier call with fewer data.

    Returns (lines, rest), or ``None`` while the end of the head is missing. A line ends with CRLF;
    a bare LF is taken for one (RFC 9112, section 2.2).
    """
    start = max(start - 3, 0)
    end = data.find(b'\n\r\n', start)
    bare = data.find(b'\n\n', start)
    if bare >= 0 and (end < 0 or bare < end):
        end, rest = bare, bare + 2
    elif end >= 0:
        rest = end + 3
    else:
        return None
    if data[end - 1] == 13:
        end -= 1
    lines = data[:end].split(b'\r\n')
    for i in range(len(lines) - 1, -1, -1):
        if b'\n' in lines[i]:
            lines[i : i + 1] = lines[i].replace(b'\r\n', b'\n').split(b'\n')
    return lines, data[rest:]


def is_token(data):
    """Tell whether bytes are a token, as methods and header names are (RFC 9110, 5.6.2)."""
    if data.isalpha() or data.replace(b'-', b'').isalpha():
        return True
    for c in data:
        if not (65 <= c <= 90 or 97 <= c <= 122 or c in _TOKEN):
            return False
    return data != b''


def _has_control(data):
    # Tab is the only control character that a field value may hold.
    return data != b'' and (min(data) < 32 and min(data.replace(b'\t', b' ')) < 32 or 127 in data)


def parse_head(lines, max_line, max_headers=100):
    """Parse the lines of a request head.

    :param lines: a list of bytes without line ends, the request line first.
    :param max_line: the longest line that is accepted, in bytes.
    :param max_headers: how many header lines are accepted.

    Returns (method, target, version, header lines, length, persistent, expects): the length of the
    body in bytes or ``CHUNKED``, whether the connection may stay open, and whether the client waits
    for 100 (Continue). Raises ``ClientError``.
    """
    method, target, version = _parse_request_line(lines[0], max_line)
    if len(lines) > max_headers + 1:
        raise ClientError(431)
    fields = {}
    for i in range(1, len(lines)):
        line = lines[i]
        if len(line) > max_line:
            raise ClientError(431)
        colon = line.find(b':')
        name = line[: max(colon, 0)]
        if not is_token(name) or _has_control(line):
            raise ClientError(400)
        name = name.lower()
        if name in _FRAMING:
            value = line[colon + 1 :].strip(b' \t')
            fields[name] = fields[name] + b',' + value if name in fields else value
    lines.pop(0)
    length = _body_length(fields, version)
    persistent = version != '1.0' and b'close' not in _items(fields, b'connection')
    if version != '1.0':
        _check_host(fields.get(b'host'))
    expects = False
    if b'expect' in fields and version != '1.0':
        if fields[b'expect'].lower() != b'100-continue':
            raise ClientError(417)
        expects = True
    return method, target, version, lines, length, persistent, expects


def _parse_request_line(line, max_line):
    if len(line) > max_line:
        raise ClientError(414)
    words = line.split(b' ')
    if len(words) != 3 or _has_control(line) or not is_token(words[0]):
        raise ClientError(400)
    method, target, version = words
    if version != b'HTTP/1.1':
        _check_version(version)
    if target[:1] != b'/' or b'#' in target:
        target = _other_target(method, target)
    try:
        return method.decode(), target.decode(), version[5:].decode()
    except ValueError:
        raise ClientError(400) from None


def _check_version(version):
    digits = version[5:].split(b'.')
    if version[:5] != b'HTTP/' or len(version) != 8 or len(digits) != 2:
        raise ClientError(400)
    if not (digits[0].isdigit() and digits[1].isdigit()):
        raise ClientError(400)
    if digits[0] != b'1':
        raise ClientError(505)


def _other_target(method, target):
    """Return the path of an absolute-form target, or ``*`` (RFC 9112, section 3.2)."""
    if method == b'CONNECT':
        raise ClientError(501)
    if method == b'OPTIONS' and target == b'*':
        return target
    scheme, separator, rest = target.partition(b'://')
    if b'#' in target or not separator or scheme.lower() not in (b'http', b'https'):
        raise ClientError(400)
    end = min(i for i in (rest.find(b'/'), rest.find(b'?'), len(rest)) if i >= 0)
    if end == 0:
        raise ClientError(400)
    path = rest[end:]
    return path if path[:1] == b'/' else b'/' + path


def _items(fields, name):
    value = fields.get(name)
    return [item.strip(b' \t') for item in value.lower().split(b',')] if value else ()


def _body_length(fields, version):
    """Return the length of the body, or ``CHUNKED`` (RFC 9112, section 6.3)."""
    codings = _items(fields, b'transfer-encoding')
    length = fields.get(b'content-length')
    if b'transfer-encoding' in fields:
        # Two lengths, or one that HTTP/1.0 does not know: somebody on the way reads it otherwise.
        if length is not None or version == '1.0' or codings == ():
            raise ClientError(400)
        if codings != [b'chunked']:
            raise ClientError(400 if b'chunked' in codings[:-1] else 501)
        return CHUNKED
    if length is None:
        return 0
    first = length.split(b',')[0]
    for item in length.split(b','):
        if not item.strip(b' \t').isdigit() or item.strip(b' \t') != first or len(first) > 18:
            raise ClientError(400)
    return int(first)


def _check_host(host):
    if host is None:
        raise ClientError(400)
    for c in host:
        if c in _NOT_IN_HOST:
            raise ClientError(400)
    name, colon, port = host.rpartition(b':')
    if colon and not host.endswith(b']') and not (port == b'' or port.isdigit()) or b'@' in host:
        raise ClientError(400)


def http_date(seconds):
    """Return a time as the fixed-length date of HTTP (RFC 9110, section 5.6.7).

    :param seconds: as ``time.time()`` counts them.
    """
    year, month, day, hour, minute, second, weekday = time.gmtime(seconds)[:7]
    return '%s, %02d %s %04d %02d:%02d:%02d GMT' % (
        'MonTueWedThuFriSatSun'[3 * weekday : 3 * weekday + 3],
        day,
        'JanFebMarAprMayJunJulAugSepOctNovDec'[3 * month - 3 : 3 * month],
        year,
        hour,
        minute,
        second,
    )


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
            if _has_control(value.encode()):
                raise ValueError('invalid header value')
            text += name + ': ' + value + '\r\n'
    return text


def status_line(version, status_code, reason):
    """Return the status line as a str, with its CRLF.

    :param version: ``'1.0'`` or ``'1.1'``.
    :param status_code: the status, 100 to 999.
    :param reason: the reason phrase.

    Raises ``ValueError`` for what would break the head.
    """
    if _has_control(reason.encode()):
        raise ValueError('invalid reason')
    return 'HTTP/%s %d %s\r\n' % (version, status_code, reason)


def chunk(data):
    """Return bytes as one chunk of a chunked body (RFC 9112, section 7.1)."""
    return b'%x\r\n%s\r\n' % (len(data), data)
