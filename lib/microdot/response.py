"""``Response``: what a handler's result becomes, and the one way to write it.

``prepare`` checks a response and measures it, for all servers and the test client alike. ``write``
sends it as HTTP/1.0 to any stream, or framed by the version of a request (RFC 9112, 6 and 9).
"""

import asyncio
import time

from .compat import BLOCK, const, dumps, print_exception
from .http1 import CHUNKED, NoCaseDict, has_control, is_token, reason_phrase

# A broken pipe, two kinds of connection reset, and a socket that is closed already.
MUTED_SOCKET_ERRORS = [32, 54, 104, 128]

_BYTES = (bytes, bytearray, memoryview)
# What the server alone says about a connection and its framing.
_OF_THE_CONNECTION = const(('connection', 'transfer-encoding', 'content-length'))
_NAMES = 'MonTueWedThuFriSatSunJanFebMarAprMayJunJulAugSepOctNovDec'
_YEAR_OF_AN_UNSET_CLOCK = const(2024)  # boards start in 1970, 2000 or 2021


def is_muted(exc):
    """Tell whether an exception only says that the client has gone."""
    return isinstance(exc, OSError) and (
        exc.errno in MUTED_SOCKET_ERRORS or exc.args[:1] == ('Connection lost',)
    )


def raise_end(exc):
    """Raise an exception again if it has to end the task that it came up in.

    Any other, ``SystemExit`` too, is a fault of the one handler that it came from.
    """
    if isinstance(exc, (asyncio.CancelledError, KeyboardInterrupt)):
        raise exc


def http_date(t):
    """Return a time as the fixed-length date of HTTP (RFC 9110, 5.6.7).

    :param t: (year, month, day, hour, minute, second, weekday ...) in UTC, as of ``time.gmtime``.
    """
    weekday, month = 3 * t[6], 3 * t[1] + 18
    day = _NAMES[weekday : weekday + 3], t[2], _NAMES[month : month + 3], t[0], t[3], t[4], t[5]
    return '%s, %02d %s %04d %02d:%02d:%02d GMT' % day


_date = (0, '')


def current_date():
    """Return the value of ``Date``, empty while the clock is not set (RFC 9110, 6.6.1)."""
    global _date
    now = int(time.time())
    if now != _date[0]:
        t = time.gmtime(now)
        _date = now, http_date(t) if t[0] >= _YEAR_OF_AN_UNSET_CLOCK else ''
    return _date[1]


class Response:
    """An HTTP response.

    :param body: str, bytes, a dict or list (sent as JSON), a file-like object, a generator or any
        other (asynchronous) iterable of str or bytes. ``None`` with status 200 makes it 204.
    :param status_code: the status.
    :param headers: a mapping of header fields; a list as value gives several lines.
    :param reason: the reason phrase, ``None`` for the standard one.
    """

    #: Media types by file extension, for ``send_file``.
    types_map = {
        'css': 'text/css',
        'gif': 'image/gif',
        'html': 'text/html',
        'jpg': 'image/jpeg',
        'js': 'application/javascript',
        'json': 'application/json',
        'png': 'image/png',
        'txt': 'text/plain',
        'svg': 'image/svg+xml',
    }
    #: How many bytes of a file are read and sent at once.
    send_file_buffer_size = 1024
    #: The content type of a response that names none.
    default_content_type = 'text/plain'
    #: The ``max_age`` of ``send_file``, in seconds, when it is given none.
    default_send_file_max_age = None
    #: A response that needs no writing, as the handler has used the connection itself.
    already_handled = None

    is_head = False  # whether it answers HEAD: its body is not sent
    is_file = False  # whether the body is a file that ``send_file`` has opened

    def __init__(self, body=b'', status_code=200, headers=None, reason=None):
        if body is None and status_code == 200:
            body = b''
            status_code = 204
        self.status_code = status_code
        self.reason = reason
        self._headers = NoCaseDict(headers) if headers else None
        self.body = body
        if not isinstance(body, bytes):
            self._encode_body()

    def _encode_body(self):
        body = self.body
        if isinstance(body, (dict, list)):
            body = dumps(body)
            headers = self.headers
            if 'Content-Type' not in headers:
                headers['Content-Type'] = 'application/json; charset=UTF-8'
        if isinstance(body, str):
            body = body.encode()
        elif isinstance(body, memoryview):
            body = bytes(body)
        self.body = body

    @property
    def headers(self):
        """The header fields, a ``NoCaseDict``; a list as value gives several lines."""
        headers = self._headers
        if headers is None:
            headers = NoCaseDict()
            if self is not self.already_handled:  # it serves all requests: nothing may stay with it
                self._headers = headers
        return headers

    @headers.setter
    def headers(self, headers):
        self._headers = headers if isinstance(headers, NoCaseDict) else NoCaseDict(headers)

    def set_cookie(self, cookie, value, *args, **kwargs):
        """Add a ``Set-Cookie`` header (RFC 6265).

        :param cookie: the name, a token.
        :param value: the value, a str.
        :param path: the path the cookie is sent to; it and what follows is optional.
        :param domain: the domain the cookie is sent to.
        :param expires: a ``datetime`` (UTC unless it has a time zone) or a date as str.
        :param max_age: the lifetime in seconds.
        :param secure: send it over TLS alone.
        :param http_only: hide it from scripts.
        :param partitioned: keep it apart for each top-level site.
        :param same_site: ``'Strict'``, ``'Lax'`` or ``'None'``.

        Raises ``ValueError`` for anything that would end the value or an attribute early.
        """
        from .cookies import format_cookie

        text = format_cookie(cookie, value, *args, **kwargs)
        cookies = self.headers.get('Set-Cookie') or []
        if not isinstance(cookies, list):
            cookies = [cookies]
        self.headers['Set-Cookie'] = cookies + [text]

    def delete_cookie(self, cookie, **kwargs):
        """Add a ``Set-Cookie`` header that makes the client forget a cookie.

        :param cookie: the name.
        :param kwargs: the options that the cookie was set with; its lifetime is left out.
        """
        kwargs['expires'] = 'Thu, 01 Jan 1970 00:00:01 GMT'
        kwargs['max_age'] = 0
        self.set_cookie(cookie, '', **kwargs)

    @classmethod
    def redirect(cls, location, status_code=302):
        """Return a response that sends the client elsewhere.

        :param location: the URL; what is not ASCII, and blanks, are percent-encoded.
        :param status_code: the status, 302 (Found) by default.

        Raises ``ValueError`` for a line break in the location.
        """
        if '\r' in location or '\n' in location:
            raise ValueError('invalid redirect URL')
        from .urlencoded import quote

        return cls(b'', status_code, {'Location': quote(location, "-._~/:@!$'()*,?#[]&+;=%")})

    @classmethod
    def send_file(
        cls,
        filename,
        status_code=200,
        content_type=None,
        stream=None,
        max_age=None,
        compressed=False,
        file_extension='',
    ):
        """Return a response with the content of a file.

        The name is trusted: a handler that makes it out of a URL has to check it first.

        :param filename: the path of the file.
        :param status_code: the status.
        :param content_type: the content type; ``None`` derives it from the extension.
        :param stream: a file-like object to send instead of opening the file.
        :param max_age: seconds that caches may keep it; ``None`` for the class's default.
        :param compressed: true if the file is compressed with gzip, or the name of its encoding.
        :param file_extension: appended to the name of the file that is opened, as ``'.gz'``.

        Raises ``OSError``; a missing file, if nobody handles that, is answered with 404.
        """
        from .streaming import media_type_of, open_file

        if content_type is None:
            named = filename[:-3] if compressed and filename.endswith('.gz') else filename
            content_type = media_type_of(named, cls.types_map)
        headers = {'Content-Type': content_type}
        if max_age is None:
            max_age = cls.default_send_file_max_age
        if max_age is not None:
            headers['Cache-Control'] = 'max-age=%s' % max_age
        if compressed:
            headers['Content-Encoding'] = compressed if isinstance(compressed, str) else 'gzip'
        body = open_file(filename + file_extension) if stream is None else stream
        response = cls(body, status_code, headers)
        response.is_file = stream is None
        return response

    def complete(self):
        """Add the headers that describe the body, unless the handler gave them."""
        self._encode_body()
        if isinstance(self.body, _BYTES) and 'Content-Length' not in self.headers:
            self.headers['Content-Length'] = str(len(self.body))
        if 'Content-Type' not in self.headers:
            self.headers['Content-Type'] = self._content_type()

    def _content_type(self):
        content_type = self.default_content_type
        if has_control(content_type):
            raise ValueError('invalid header')
        return content_type if 'charset=' in content_type else content_type + '; charset=UTF-8'

    def body_iter(self):
        """Return an asynchronous iterator over the parts of the body."""
        body = self.body
        if hasattr(body, '__anext__'):
            return body
        if hasattr(body, '__aiter__'):
            return body.__aiter__()
        from .streaming import BodyIterator

        waits = not self.is_file and getattr(body, 'waits', True)
        return BodyIterator(body, self.send_file_buffer_size, waits)

    def prepare(self):
        """Check what is to be sent, and measure it.

        Returns (fields, length): a list of (name, value), both str, without those that are the
        server's own; and how many bytes the body is to have, ``None`` if nobody knows. Changes
        nothing but the type of the body. Raises ``ValueError`` or ``TypeError`` for what cannot be
        sent (RFC 9110, 5.5).
        """
        if not isinstance(self.body, bytes):
            self._encode_body()
        headers = self._headers or {}
        body = self.body
        length = headers.get('Content-Length')
        if length is not None:
            length = int(length)
            if length < 0:
                raise ValueError('invalid length')
        elif body is None or isinstance(body, _BYTES):
            length = len(body or b'')
        elif self.is_file:
            start = body.tell()
            length = body.seek(0, 2) - start
            body.seek(start)
        elif not (
            hasattr(body, 'read') or hasattr(body, '__anext__') or hasattr(body, '__aiter__')
        ):
            iter(body)  # raises TypeError for what cannot be sent
        fields = self._fields(headers, _OF_THE_CONNECTION)
        bodyless = self.status_code in (204, 304)  # RFC 9110, 15.3.5 and 15.4.5
        # 304 may tell the length of what it stands for.
        if length is not None and (
            not bodyless or ('Content-Length' in headers and self.status_code == 304)
        ):
            fields.append(('Content-Length', str(length)))
        if bodyless:
            length = 0
        elif 'Content-Type' not in headers:
            fields.append(('Content-Type', self._content_type()))
        return fields, length

    def _fields(self, headers, left_out):
        """Return header fields as a list of (name, value), checked."""
        fields = []
        for name, values in headers.items():
            if name.lower() not in left_out:
                for value in values if isinstance(values, list) else (values,):
                    value = str(value)
                    if not is_token(name) or has_control(value):
                        raise ValueError('invalid header')
                    fields.append((name, value))
        # 1xx: the client would take the next response for the one it waits for.
        if not 200 <= self.status_code <= 999 or (self.reason and has_control(self.reason)):
            raise ValueError('invalid status')
        return fields

    def _frame(self, fields, length, version, persistent):
        """Add the fields of the connection, and return (left, persistent).

        Of the body ``left`` bytes are sent, ``CHUNKED`` or ``None`` for all that there is.
        """
        headers = self._headers or {}
        connection = headers.get('Connection')
        if connection and 'close' in str(connection).lower():
            persistent = False
        if length is None:
            if version == '1.0':
                persistent = False
            else:
                length = CHUNKED
                fields.append(('Transfer-Encoding', 'chunked'))
        elif isinstance(self.body, _BYTES) and len(self.body) < length and not self.is_head:
            persistent = False  # it is shorter than its handler says
        date = current_date()
        if date and 'Date' not in headers:
            fields.append(('Date', date))
        if not persistent:
            fields.append(('Connection', 'close'))
        return length, persistent

    async def write(self, stream, version=None, persistent=False):
        """Write the response to an object with a coroutine method ``awrite(data)``.

        :param stream: the object.
        :param version: the version of the request, ``'1.0'`` or later. Without one the bytes are
            those of HTTP/1.0 up to the end of the connection, with the handler's headers alone.
        :param persistent: whether the connection may stay open.

        Returns whether the connection may still stay open: all went out, and the client can tell
        where it ends.
        """
        response, left = self, None
        if version:
            response, fields, left = await prepared(self)
            left, persistent = response._frame(fields, left, version, persistent)
        else:
            self.complete()
            fields = self._fields(self.headers, ())
        head = response._head(version, fields)
        fields = None  # the client may take its time
        try:
            left = 0 if response.is_head else left
            return await response._send(stream, head, left) and persistent
        except BaseException as exc:
            raise_end(exc)
            if not version:
                if not is_muted(exc):
                    raise
            elif not stream.failed:
                # The missing end tells the client, this the developer.
                print_exception(exc)
        return False

    def _head(self, version, fields):
        """Return the bytes of a head."""
        phrase = self.reason
        if phrase is None:
            phrase = 'OK'
            if self.status_code != 200:
                phrase = reason_phrase(self.status_code) if version else 'N/A'
        protocol = 'HTTP/1.1 ' if version and version != '1.0' else 'HTTP/1.0 '
        parts = [protocol, str(self.status_code), ' ', phrase]
        for name, value in fields:
            parts.extend(('\r\n', name, ': ', value))
        parts.append('\r\n\r\n')
        return ''.join(parts).encode()

    async def _send(self, stream, head, left):
        body = self.body
        if body is None or isinstance(body, _BYTES):
            body = body[:left] if left and left < len(body) else body
            if left == 0 or not body:
                await stream.awrite(head)
            elif len(body) < BLOCK:
                await stream.awrite(head + body)
            else:
                await stream.awrite(head)
                await stream.awrite(body)
            return True
        from .streaming import OutgoingBody, close

        if left == 0:
            await stream.awrite(head)
            await close(body)
            return True
        return await OutgoingBody(stream, head, left).pour(self.body_iter())


# One for all requests.
Response.already_handled = Response()


async def prepared(response):
    """Return (response, fields, length): those of ``prepare``, or of the 500 in place of it."""
    try:
        fields, length = response.prepare()
    except (TypeError, ValueError) as exc:
        from .streaming import close

        print_exception(exc)
        await close(response.body)
        is_head = response.is_head
        # Not the default content type: that may be what cannot be sent.
        response = Response(
            reason_phrase(500, True), 500, {'Content-Type': 'text/plain; charset=UTF-8'}
        )
        response.is_head = is_head
        fields, length = response.prepare()
    return response, fields, length


def to_response(value, options):
    """Return the ``Response`` that a handler's result stands for.

    :param value: the result.
    :param options: how many of status, headers and reason a tuple may have.

    Raises ``TypeError`` for what is no result, such as an empty tuple or a ``bool``.
    """
    if isinstance(value, Response):
        return value
    if isinstance(value, (str, bytes)):
        return Response(value)
    if not isinstance(value, tuple):
        value = (value,)
    if not value or value[0] is True or value[0] is False:  # MicroPython's are no int
        raise TypeError('a handler returned ' + repr(value))
    body, *rest = value
    if isinstance(body, int):
        rest.insert(0, body)
        body = b''
    elif rest and not isinstance(rest[0], int):
        rest.insert(0, 200)
    return Response(body, *rest[:options])
