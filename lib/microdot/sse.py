"""Server-Sent Events::

    @app.get('/events')
    @with_sse
    async def events(request, sse):
        for i in range(10):
            await sse.send({'count': i}, event='count', event_id=i)
            await asyncio.sleep(1)

The function is cancelled when its client goes away.
"""

import asyncio

from .compat import invoke_handler, json
from .helpers import wraps


class SSE:
    """A stream of events to one client."""

    #: Most events that wait for the client; ``send`` waits for room then. 0 for any number.
    max_queue = 32
    #: Seconds without an event after which a comment is sent, so that nothing on the way takes the
    #: connection for idle; 0 for never. A function may assign it to its own ``SSE``.
    keepalive = 0

    closed = False  # whether nobody takes events any more

    def __init__(self):
        self.event = asyncio.Event()
        self.queue = []
        self._room = asyncio.Event()

    async def send(self, data, event=None, event_id=None, retry=None, comment=False):
        """Queue an event, once there is room; it is dropped if the client has gone.

        :param data: str, bytes, a dict or list to send as JSON, or anything that has a str.
        :param event: the name of the event.
        :param event_id: its id, a str or what has one.
        :param retry: after how many seconds the client is to connect again.
        :param comment: whether to send the data as a comment, that clients ignore.

        Raises ``ValueError`` for a line break in a name or an id, or a NUL in an id.
        """
        message = format_event(data, event, event_id, retry, comment)
        while 0 < self.max_queue <= len(self.queue) and not self.closed:
            self._room.clear()
            await self._room.wait()
        if not self.closed:
            self.queue.append(message)
            self.event.set()


def format_event(data, event=None, event_id=None, retry=None, comment=False):
    """Return the bytes of an event; see ``SSE.send``."""
    if isinstance(data, (dict, list)):
        data = json.dumps(data)
    if not isinstance(data, (bytes, bytearray, memoryview)):
        data = str(data).encode()
    lines = bytes(data).replace(b'\r\n', b'\n').replace(b'\r', b'\n').split(b'\n')
    if comment:
        return b': ' + b'\n: '.join(lines) + b'\n\n'
    head = '' if retry is None else 'retry: %d\n' % int(retry * 1000)
    for name, value in (('event', event), ('id', event_id)):
        value = '' if value is None else str(value)
        if '\n' in value or '\r' in value or '\0' in value:
            raise ValueError('invalid ' + name)
        if value:
            head += name + ': ' + value + '\n'
    return head.encode() + b'data: ' + b'\ndata: '.join(lines) + b'\n\n'


class EventStream:
    """The body of a response: what a function sends, until it returns.

    :param call: a function of an ``SSE`` that returns the coroutine of the function.
    """

    def __init__(self, call):
        self.sse = SSE()
        self.call = call
        self.task = self.error = None

    def __aiter__(self):
        return self

    async def __anext__(self):
        sse = self.sse
        if not self.task and not sse.closed:
            # Not before: a response that is not sent, as to HEAD, leaves nothing behind.
            self.task = asyncio.create_task(self._run())
            await asyncio.sleep(0)
        while not sse.queue:
            if sse.closed:
                error, self.error = self.error, None
                raise error or StopAsyncIteration
            sse.event.clear()
            try:
                wait = sse.event.wait()
                await (asyncio.wait_for(wait, sse.keepalive) if sse.keepalive else wait)
            except asyncio.TimeoutError:
                return b':\n\n'
        sse._room.set()
        return sse.queue.pop(0)

    async def _run(self):
        try:
            await self.call(self.sse)
        except Exception as exc:
            self.error = exc
        finally:
            self._close()

    def _close(self):
        self.sse.closed = True
        self.sse.event.set()
        self.sse._room.set()

    async def aclose(self):
        """Cancel the function, unless it has ended."""
        self._close()
        if self.task:
            self.task.cancel()
            try:
                await self.task
            except asyncio.CancelledError:
                pass


def sse_response(request, event_function, *args, **kwargs):
    """Return the result of a route that sends events.

    :param request: the request.
    :param event_function: a coroutine function, called with the request, an ``SSE``, and the
        other arguments.

    An exception of the function ends the stream, after the events sent before it.
    """
    body = EventStream(lambda sse: invoke_handler(event_function, request, sse, *args, **kwargs))
    headers = {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-cache',
        'X-Accel-Buffering': 'no',  # for proxies that would collect the events
    }
    return body, 200, headers


def with_sse(f):
    """Decorate a route that sends events; it gets an ``SSE`` after the request."""

    @wraps(f)
    async def wrapper(request, *args, **kwargs):
        return sse_response(request, f, *args, **kwargs)

    return wrapper
