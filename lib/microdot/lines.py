"""What few handlers read by lines: bodies, and ``Request.create`` a whole request."""

from .http1 import parse_head, refuse


async def read_until(stream, separator):
    """Return the bytes of a ``BodyStream`` up to a separator; see ``readuntil``."""
    data = bytearray()
    while True:
        start = max(len(data) - len(separator) + 1, 0)
        more = await stream.read(256)
        data.extend(more)
        end = data.find(separator, start)
        size = end + len(separator) if end >= 0 else len(data)
        if size > stream.max_line:
            refuse(413)
        if data[size:]:
            stream.held = [data[size:]] + list(stream.held)
        if end >= 0 or not more:
            return bytes(data[:size])


async def read_request(cls, app, client_reader, client_writer, client_addr, scheme=None):
    """Read a request from a stream; see ``Request.create``."""
    lines = []
    while True:
        line = await client_reader.readline()
        if len(line) > cls.max_readline:
            raise ValueError('line too long')
        line = line.rstrip(b'\r\n')
        if not line.strip():
            break
        if b'\r' in line:
            refuse(400)
        lines.append(line)
    if not lines:
        return None
    head = b'\r\n'.join(lines)
    method, url, version, lines, length, _, _ = parse_head(head, cls.max_readline, 1000)
    sock = (client_reader, client_writer)
    request = cls(app, client_addr, method, url, version, lines, None, None, sock, '', None, scheme)
    request.content_length = max(length, 0)
    if 0 < length <= cls.max_body_length:
        request._body = await client_reader.readexactly(length)
    else:
        request._stream = client_reader
    return request
