"""HTTP/1.1 without I/O: request heads, and the errors that are answered.

``parse_head`` gets the bytes of one head, checks them strictly (RFC 9112) and returns what they
say, or raises ``ClientError`` with the status of the answer. The server, the test client, ASGI and
WSGI share what is here; nothing reads, writes or waits.
"""

from .compat import const

CHUNKED = -1  # the length of a body that says its length chunk by chunk

# Stripping all allowed characters leaves nothing of what is valid, once it is in lower case; those
# that header names have most come first.
_TOKEN = const(b"etc-onsairhgupdlfmkywbqvxzj0123456789!#$%&'*+.^_`|~")
_HOST = const(b"0123456789.etaoinsrhldcumfpgwybvkxjqz-_~%!$&'()*+;=:")
_LF = const(b'\n')
_CRLF = const(b'\r\n')
_COLON = const(b':')
_COMMA = const(b',')
# The fields that say how to read the rest, where each begins, and how long their names are.
_FIELDS = const(b' host content-length transfer-encoding expect connection ')
_LENGTHS = const((4, 6, 10, 14, 17))
HOST = const(1)
_CONTENT_LENGTH = const(6)
_TRANSFER_ENCODING = const(21)
_EXPECT = const(39)
_CONNECTION = const(46)

# Bodies of error responses that Microdot 2 words in its own way, and after them the reason phrases
# of what applications answer with most; others are in ``registry``.
_PHRASES = const(
    '400Bad request\n404Not found\n405Not found\n413Payload too large\n500Internal server error\n'
    '200OK\n201Created\n204N/A\n206Partial Content\n302Found\n304Not Modified\n400Bad Request\n'
    '401Unauthorized\n403Forbidden\n404Not Found\n405Method Not Allowed\n413Content Too Large\n'
    '500Internal Server Error\n'
)


class HTTPException(Exception):
    """Ends a request with an error response.

    :param status_code: the status of the response.
    :param reason: the text of the response, by default ``'<status_code> error'``.
    """

    #: Headers for the response, unless the handler of the status gives it others.
    headers = ()

    def __init__(self, status_code, reason=None):
        super().__init__(status_code, reason)
        self.status_code = status_code
        self.reason = reason or str(status_code) + ' error'

    def __repr__(self):
        return 'HTTPException: ' + str(self.status_code)


class ClientError(ValueError):
    """Input that the client got wrong: a malformed head, body, query or form.

    :param status_code: the status of the response.
    """

    def __init__(self, status_code):
        super().__init__(reason_phrase(status_code, True))
        self.status_code = status_code


def abort(status_code, reason=None):
    """End the request with an error response.

    :param status_code: the status of the response.
    :param reason: the text of the response, by default ``'<status_code> error'``.

    Raises ``HTTPException``.
    """
    raise HTTPException(status_code, reason)


def refuse(status_code):
    """End the request with the framework's own words for a status. Raises ``ClientError``."""
    raise ClientError(status_code)


def reason_phrase(status_code, as_body=False):
    """Return the standard phrase of a status (RFC 9110, 15), ``'N/A'`` for an unknown one.

    :param as_body: the words of the framework's own response with this status instead.
    """
    table = _PHRASES
    # Only three digits at the start of a line are a status.
    status = str(status_code) if 100 <= status_code <= 999 else '?'
    start = table.find(status) if as_body else table.rfind(status)
    if start < 0:
        from .registry import PHRASES

        table = PHRASES
        start = table.find(status)
    return table[start + 3 : table.find('\n', start)] if start >= 0 else 'N/A'


def is_token(text):
    """Tell whether a str is a token, as methods and header names are (RFC 9110, 5.6.2)."""
    return text != '' and not text.encode().lower().strip(_TOKEN)


def has_control(data):
    """Tell whether bytes, or a str, have a control character other than a tab."""
    if isinstance(data, str):
        data = data.encode()
    return data != b'' and (b'\x7f' in data or min(data.replace(b'\t', b' ')) < 32)


def split_head(data):
    """Split the head off the bytes received.

    :param data: what was received, from the first byte of the request line on.

    Returns (head, rest), or ``None`` while the end of the head is missing: an empty line. A bare LF
    ends a line as CRLF does (RFC 9112, 2.2).
    """
    end = data.find(b'\n\r\n')
    bare = data.find(b'\n\n')
    size = 3
    if bare >= 0 and (bare < end or end < 0):
        end, size = bare, 2
    if end < 0:
        return None
    rest = data[end + size :]
    if data[end - 1 : end] == b'\r':
        end -= 1
    return data[:end], rest


def parse_head(head, max_line, max_headers):
    """Check a request head and return what the connection has to know.

    :param head: bytes, as ``split_head`` returns them.
    :param max_line: the longest line that is accepted, in bytes.
    :param max_headers: how many header lines are accepted.

    Returns (method, target, version, header lines, length, persistent, expects): the lines as bytes
    without their ends, the length of the body in bytes or ``CHUNKED``, whether the connection may
    stay open, and whether the client waits for 100 (Continue). Raises ``ClientError``.
    """
    count = head.count(_LF)
    if count > max_headers:  # before each line becomes an object
        refuse(431)
    lines = head.split(_CRLF)
    if len(lines) <= count:
        lines = head.replace(_CRLF, _LF).split(_LF)
    if has_control(b''.join(lines)):
        refuse(400)
    method, target, version = _parse_request_line(lines.pop(0), max_line)
    fields = check_fields(lines, max_line)
    if target[0] != '/':
        from .targets import split_target

        target = split_target(method, target, fields, lines, version)
    old = version == '1.0'
    if HOST in fields or not old:
        host = fields.get(HOST, _COMMA)  # a repeated Host has a comma, too
        if host.strip(_HOST):
            from .targets import port_of

            host = port_of(host)
        colon = host.find(_COLON)
        port = host[colon + 1 :]
        if colon >= 0 and port and not port.isdigit():
            refuse(400)
    length = _body_length(fields, old) if len(fields) > (HOST in fields) else 0
    expects = _EXPECT in fields and not old
    if expects and fields[_EXPECT] != b'100-continue':
        refuse(417)
    persistent = not old
    if _CONNECTION in fields and b'close' in fields[_CONNECTION].replace(b' ', _COMMA).split(
        _COMMA
    ):
        persistent = False
    return method, target, version, lines, length, persistent, expects


def _parse_request_line(line, max_line):
    """Return (method, target, version) as str (RFC 9112, 3)."""
    if len(line) > max_line:
        refuse(414)
    words = line.split(b' ')
    if len(words) != 3 or b'\t' in line or words[0].lower().strip(_TOKEN):
        refuse(400)
    method, target, version = words
    if version != b'HTTP/1.1':
        digits = version[5:6] + version[7:]
        known = version[:5] == b'HTTP/' and version[6:7] == b'.'
        if not known or len(digits) != 2 or not digits.isdigit():
            refuse(400)
        if digits[0] != 49:  # 1
            refuse(505)
    try:
        target = target.decode()
    except ValueError:
        refuse(400)
    if not method or not target or '#' in target:
        refuse(400)
    return method.decode(), target, version[5:].decode()


def check_fields(lines, max_line):
    """Check header lines (RFC 9112, 5), which have no control characters.

    Returns a dictionary of the values of those that say how to read the rest, in lower case, by
    their places in ``_FIELDS``. They stay bytes: to make a str takes MicroPython longer.
    """
    fields = {}
    for line in lines:
        colon = line.find(_COLON)
        name = line[:colon].lower()
        if len(line) > max_line:
            refuse(431)
        if colon < 1 or name.strip(_TOKEN):
            refuse(400)
        if colon in _LENGTHS:
            field = _FIELDS.find(name)
            if field > 0 and _FIELDS[field - 1] == _FIELDS[field + colon] == 32:
                value = line[colon + 1 :].strip().lower()
                fields[field] = fields[field] + _COMMA + value if field in fields else value
    return fields


def _body_length(fields, old):
    """Return the length of the body, or ``CHUNKED`` (RFC 9112, 6.3)."""
    length = fields.get(_CONTENT_LENGTH)
    if _TRANSFER_ENCODING in fields:
        # Two lengths, or one that HTTP/1.0 does not know: somebody on the way reads it otherwise.
        codings = fields[_TRANSFER_ENCODING].replace(b' ', b'').replace(b'\t', b'').split(_COMMA)
        if length is not None or old or codings == [b''] or b'chunked' in codings[:-1]:
            refuse(400)
        if codings != [b'chunked']:
            refuse(501)
        return CHUNKED
    if length is None:
        return 0
    first = None
    for item in length.split(_COMMA):
        item = item.strip()
        if not item.isdigit() or item != (first or item) or len(item) > 18:
            refuse(400)
        first = item
    return int(first)


class NoCaseDict(dict):
    """A dictionary whose keys are strings compared without regard to case.

    The first spelling with an upper-case letter is the one that iteration shows.

    :param initial_dict: a mapping to copy.
    """

    def __init__(self, initial_dict=None, keymap=None):
        super().__init__()
        # Lower case to stored spelling, of those that are not all lower-case; with one given, the
        # mapping goes by it already.
        self.keymap = keymap or {}
        if keymap is not None:
            super().update(initial_dict)
        elif initial_dict:
            self.update(initial_dict)

    def _stored(self, key):
        key = key.lower()
        return self.keymap.get(key, key)

    def __setitem__(self, key, value):
        lower = key.lower()
        stored = self.keymap.get(lower)
        if stored is None:
            stored = key
            if key != lower:
                self.keymap[lower] = key
                super().pop(lower, None)
        super().__setitem__(stored, value)

    def __getitem__(self, key):
        return super().__getitem__(self._stored(key))

    def __delitem__(self, key):
        super().__delitem__(self._stored(key))

    def __contains__(self, key):
        # The dictionary itself stands for "absent": None may be a value.
        return self.get(key, self) is not self

    def get(self, key, default=None):
        key = key.lower()
        return super().get(self.keymap.get(key, key), default)

    def pop(self, key, *default):
        return super().pop(self._stored(key), *default)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, other):
        for key in other:
            self[key] = other[key]

    def copy(self):
        return NoCaseDict(self)


def parse_fields(lines, only=None):
    """Return the ``NoCaseDict`` of header lines; those sent several times are joined.

    :param only: the name of the only lines that are wanted, in lower case, as bytes.
    """
    fields = {}
    keymap = {}
    for line in lines:
        name, _, value = line.partition(_COLON)
        if only and name.lower() != only:
            continue
        name, value = name.decode(), value.strip(b' \t')
        try:
            value = value.decode()
        except ValueError:
            value = ''.join(map(chr, value))  # Latin-1
        lower = name.lower()
        stored = keymap.get(lower, lower)
        if stored in fields:
            # RFC 9110, section 5.3; cookies have a separator of their own.
            value = fields[stored] + ('; ' if lower == 'cookie' else ', ') + value
        elif name != lower:
            keymap[lower] = stored = name
        fields[stored] = value
    return NoCaseDict(fields, keymap)
