"""The body of a request as a stream, by length or chunked, read from its connection.

Loaded by the first request that has a body.
"""

from .errors import ClientError
from .http1 import CHUNKED

_PIECE = 1024  # bytes received at once
_MAX_TRAILER = 1024  # bytes of trailer fields, which are skipped


class BodyStream:
    """Reads one body and nothing beyond it (RFC 9112, sections 6 and 7).

    All methods raise ``ClientError``: 400 for a malformed body or one that ends early, 408 if it
    stalls, 413 if a chunked one grows beyond the limit.

    :param connection: the connection, to receive from and to write 100 (Continue) to.
    :param length: the length of the body in bytes, or ``CHUNKED``.
    :param expects: whether the client waits for 100 (Continue).
    :param limit: how long a chunked body may become, in bytes.
    """

    def __init__(self, connection, length, expects, limit):
        self.connection = connection
        self.chunked = length == CHUNKED
        self.left = 0 if self.chunked else length  # of the body, or of the present chunk
        self.first_chunk = True
        self.expects = expects
        self.limit = limit
        self.held = []  # pieces read, but not yet asked for
        self.ended = False
        self.broken = False

    async def read(self, n=-1):
        """Return at most n bytes, what is there first; all up to the end if n is negative."""
        if n < 0:
            return b''.join(await self._collect(None))
        return await self._some(n) if n else b''

    async def readexactly(self, n):
        """Return n bytes."""
        data = b''.join(await self._collect(n))
        if len(data) < n:
            raise ClientError(400)
        return data

    async def readline(self):
        """Return the bytes up to a line feed, included, or up to the end."""
        return await self.readuntil(b'\n')

    async def readuntil(self, separator=b'\n'):
        """Return the bytes up to a separator, included, or up to the end."""
        data = b''
        while True:
            more = await self._some(256)
            start = max(len(data) - len(separator) + 1, 0)
            data += more
            end = data.find(separator, start)
            if end >= 0:
                end += len(separator)
                if data[end:]:
                    self.held.insert(0, data[end:])
                return data[:end]
            if not more:
                return data

    async def load(self, request):
        """Put a body that fits into ``request.body``; leave a longer one to the stream."""
        limit = request.max_body_length
        if self.left > limit:
            return
        pieces = await self._collect(limit + 1)
        if sum([len(piece) for piece in pieces]) > limit:
            self.held = pieces
            return
        request.body = b''.join(pieces)
        del request.stream

    async def discard(self):
        """Throw away the rest, and return whether that went well."""
        try:
            while await self._some(_PIECE):
                pass
        except ClientError:
            return False
        return True

    def may_discard(self):
        """Tell whether the connection can be kept although some of the body is unread."""
        return self.ended or not (self.broken or self.expects or self.left > self.limit)

    async def _collect(self, n):
        """Return the pieces of the next n bytes, or of all up to the end."""
        # Not one block that grows, which would have to find room again and again; and not one for
        # each chunk, of which there may be thousands.
        pieces = []
        while n is None or n > 0:
            data = await self._some(_PIECE if n is None else min(n, _PIECE))
            if not data:
                break
            if not pieces or len(pieces[-1]) + len(data) > _PIECE:
                pieces.append(bytearray())
            pieces[-1].extend(data)
            if n is not None:
                n -= len(data)
        return pieces

    async def _some(self, n):
        """Return at least one and at most n bytes of the body, ``b''`` at its end."""
        if self.held:
            data = self.held.pop(0)
            if len(data) > n:
                self.held.insert(0, data[n:])
            return bytes(data[:n])
        if self.ended:
            return b''
        if self.broken:
            raise ClientError(400)
        self.broken = True  # until this step has gone well
        connection = self.connection
        if self.expects:
            self.expects = False
            await connection.awrite(b'HTTP/1.1 100 Continue\r\n\r\n')
        data = b''
        if not self.left:
            await self._next_chunk()
        if not self.ended:
            data = await connection.receive_body(min(n, self.left))
            if not data:
                raise ClientError(400)
            self.left -= len(data)
            self.ended = not self.left and not self.chunked
        self.broken = False
        return data

    async def _next_chunk(self):
        if self.first_chunk:
            self.first_chunk = False
        elif await self._line() != b'':
            raise ClientError(400)
        size = (await self._line()).split(b';', 1)[0].rstrip(b' \t')
        for c in size:
            if not (48 <= c <= 57 or 65 <= c <= 70 or 97 <= c <= 102):
                raise ClientError(400)
        if not 0 < len(size) <= 8:
            raise ClientError(400)
        self.left = int(size, 16)
        if self.left > self.limit:
            raise ClientError(413)
        self.limit -= self.left
        if not self.left:
            await self._skip_trailer()
            self.ended = True

    async def _skip_trailer(self):
        left = _MAX_TRAILER
        while left > 0:
            line = await self._line()
            if not line:
                return
            left -= len(line)
        raise ClientError(431)

    async def _line(self):
        """Return a line of the framing without its CRLF, which has to be one exactly."""
        connection = self.connection
        end = connection.buffer.find(b'\n')
        while end < 0:
            held, connection.buffer = connection.buffer, b''
            more = await connection.receive_body(_PIECE)
            if not more or len(held) > _MAX_TRAILER:
                raise ClientError(400)
            connection.buffer = held + more
            end = connection.buffer.find(b'\n')
        line = connection.buffer[:end]
        connection.buffer = connection.buffer[end + 1 :]
        if line[-1:] != b'\r' or b'\r' in line[:-1] or b'\0' in line:
            raise ClientError(400)
        return line[:-1]
