"""Responses of ``TestClient`` as streams: pieces as they come, and server-sent events."""

import asyncio

from .after import finish
from .compat import loads
from .response import Response
from .streaming import OutgoingBody, close


def parse_events(data):
    """Return the list of events in a whole stream; see ``TestResponse``.

    Comments are left out. Lines may end with CRLF, LF or CR (HTML, section 9.2.6).
    """
    blocks = _with_lf(data).split(b'\n\n')
    return [event for event in [_parse_event(block) for block in blocks] if event]


def _with_lf(data):
    return data.replace(b'\r\n', b'\n').replace(b'\r', b'\n')


def _parse_event(block):
    event = {'data': None, 'data_json': None, 'event': None, 'event_id': None, 'retry': None}
    for line in block.split(b'\n'):
        name, _, value = line.partition(b':')
        value = value[1:] if value[:1] == b' ' else value
        if name == b'data':
            event['data'] = value if event['data'] is None else event['data'] + b'\n' + value
        elif name == b'event':
            event['event'] = value.decode()
        elif name == b'id' and b'\0' not in value:
            event['event_id'] = value.decode()
        elif name == b'retry' and value.isdigit():
            event['retry'] = int(value) / 1000
    if event['data'] is None:
        return None  # a comment
    try:
        event['data_json'] = loads(event['data'].decode())
    except ValueError:
        pass
    return event


class Stream:
    """A response that is being read; made by ``TestClient.stream`` for an ``async with``.

    It has ``status_code``, ``reason`` and ``headers``, as a ``TestResponse``, and iterates over the
    pieces of the body, as bytes.
    """

    status_code = reason = None
    _pieces = _request = None
    _text = b''  # of events that nobody has taken yet, with LF as line ends
    _after_cr = False

    def __init__(self, client, method, path, headers, body, timeout, options):
        if options:
            from .test_client_options import prepare

            if options.pop('follow_redirects', False):
                raise TypeError('a stream follows no redirects')
            path, headers, body = prepare(path, headers, body, options)
        self.headers = {}
        self.timeout = timeout
        self._send = lambda: client._send(method, path, headers, body)

    async def __aenter__(self):
        self._request, response, length = await self._send()
        self._response = response
        if response is not Response.already_handled:
            self.status_code = response.status_code
            self.reason = response.reason
            self.headers = response.headers
            self._pieces = response.body_iter()
            self._body = OutgoingBody(None, b'', 0 if response.is_head else length)
        return self

    async def __aexit__(self, *exc):
        await self.aclose()

    async def aclose(self):
        """Leave: what the application still sends reaches nobody."""
        pieces, self._pieces = self._pieces, None
        if pieces:
            await close(pieces)
        request, self._request = self._request, None
        await finish(request, self._response)

    def __aiter__(self):
        return self

    async def __anext__(self):
        """Raises ``asyncio.TimeoutError`` if nothing comes in time, and what the body raises."""
        while self._pieces and self._body.left != 0:
            # An exception that ends iterations cannot leave a task.
            if not await asyncio.wait_for(self._next(), self.timeout):
                break
            if self._body.pieces:
                return self._body.pieces.pop()
        raise StopAsyncIteration

    async def _next(self):
        """Take the next piece of the body; return whether there was one."""
        try:
            self._body.add(await self._pieces.__anext__())
        except StopAsyncIteration:
            return False
        return True

    def events(self, limit=None):
        """Iterate over server-sent events, dictionaries like those of ``TestResponse.events``.

        :param limit: how many; by default all up to the end.
        """
        return _Events(self, limit)


class _Events:
    def __init__(self, stream, limit):
        self.stream = stream
        self.left = limit

    def __aiter__(self):
        return self

    async def __anext__(self):
        stream = self.stream
        while self.left != 0:
            block, found, rest = stream._text.partition(b'\n\n')
            if not found:
                self.add(await stream.__anext__())
                continue
            stream._text = rest
            event = _parse_event(block)
            if event:
                if self.left:
                    self.left -= 1
                return event
        raise StopAsyncIteration

    def add(self, data):
        stream = self.stream
        if stream._after_cr and data[:1] == b'\n':
            data = data[1:]  # the second half of a line end
        stream._after_cr = data[-1:] == b'\r'
        stream._text += _with_lf(data)
