"""The chunked coding of a request's body (RFC 9112, 7.1). Loaded by the first body that has it."""

from .compat import const
from .http1 import check_fields, has_control, refuse

_MAX_LINE = const(256)  # bytes of the line of a chunk's size, or of a trailer field
_MAX_TRAILER_FIELDS = const(16)


async def next_chunk(stream):
    """Return the size of the next chunk, 0 at the end of the body (RFC 9112, 7.1)."""
    if stream.first_chunk:
        stream.first_chunk = False
    elif await _line(stream):
        refuse(400)
    size, extended, _ = (await _line(stream)).lower().partition(b';')
    if extended:
        size = size.rstrip(b' \t')  # there alone may be blanks
    if not 0 < len(size) < 9 or size.strip(b'0123456789abcdef'):
        refuse(400)
    size = int(size, 16)
    if size > stream.limit:
        refuse(413)
    stream.limit -= size
    if not size:
        stream.limit = -1
        for _ in range(_MAX_TRAILER_FIELDS):
            line = await _line(stream)
            if not line:
                return 0
            if has_control(line):
                refuse(400)
            check_fields([line], _MAX_LINE)
        refuse(431)
    return size


async def _line(stream):
    """Return a line of the framing without its CRLF, which has to be one exactly."""
    while True:
        end = stream.buffer.find(b'\n')
        if (end if end >= 0 else len(stream.buffer)) > _MAX_LINE:
            refuse(400)
        if end >= 0:
            line = stream.buffer[:end]
            stream.buffer = stream.buffer[end + 1 :]
            if not end or line.find(b'\r') != end - 1 or b'\0' in line:
                refuse(400)
            return line[:-1]
        if not await stream.fill():
            refuse(400)
        stream.progress(1, stream.body_timeout)
