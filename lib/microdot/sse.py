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

from .compat import (
    const,
    dumps,
    is_cancelled,
    iscoroutine,
    print_exception,
    ticks_diff,
    ticks_ms,
)
from .helpers import wraps
from .response import raise_end

_GATHER = const(1000)  # bytes of events that leave together
_PAUSE = const(5)  # milliseconds that an event waits for others, if it comes so soon after the last
_SILENCE = const(b':\n\n')  # a comment
_JSON = (dict, list)
isinstance = isinstance  # see ``compat``


class SSE:
    """A stream of events to one client: a function sends them, the response iterates over them."""

    #: Most events that wait for the client; ``send`` waits for room then. 0 for any number.
    max_queue = 32
    #: Seconds without an event after which a comment is sent, so that nothing on the way takes the
    #: connection for idle; 0 for never. A function may assign it to its own ``SSE``.
    keepalive = 0

    gathers = True  # for the response: what is there at once comes in one piece
    _sent = -1000  # when the last events were taken, in milliseconds

    def __init__(self):
        self.event = asyncio.Event()  # set when the queue or ``closed`` has changed
        self.queue = []
        # Here, as they are assigned when there may be no memory for a new attribute.
        self.closed = False  # whether nobody sends or takes events any more
        self._task = self._error = None

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
        # One event for both sides: the queue is never full and empty at once.
        while 0 < self.max_queue <= len(self.queue) and not self.closed:
            self.event.clear()
            await self.event.wait()
        if not self.closed:
            self.queue.append(message)
            self.event.set()

    def __aiter__(self):
        return self

    async def __anext__(self):
        """Return the events that wait, about 1 KB of them at most."""
        queue = self.queue
        if not self._task and not self.closed:
            # Not before: a response that is not sent, as to HEAD, leaves nothing behind.
            self._task = asyncio.create_task(self._run())
            await asyncio.sleep(0)
            if not queue and not self.closed:
                return _SILENCE  # the head does not wait for an event
        while not queue:
            if self.closed:
                error, self._error = self._error, None
                raise error or StopAsyncIteration
            self.event.clear()
            wait = self.event.wait()
            if self.keepalive:
                from .compat_topics import wait_for

                try:
                    await wait_for(wait, self.keepalive)
                except asyncio.TimeoutError:
                    return _SILENCE
            else:
                await wait
        if ticks_diff(ticks_ms(), self._sent) < _PAUSE and not self.closed:
            if sum(map(len, queue)) < _GATHER:
                await asyncio.sleep(_PAUSE / 1000)
        if len(queue) >= self.max_queue:
            self.event.set()
        self._sent = ticks_ms()
        return _take(queue)

    def ended(self):
        """Return whether no more events are going to come."""
        return self.closed and not (self.queue or self._error)

    async def _run(self):
        f, request, args, kwargs = self._call
        try:
            result = f(request, self, *args, **kwargs)
            if iscoroutine(result):
                await result
        except BaseException as exc:
            if self.closed or is_cancelled() or not isinstance(exc, asyncio.CancelledError):
                raise_end(exc)
            else:  # of something that it waited for
                print_exception(exc)
                exc = RuntimeError('CancelledError')
            self._error = exc
        finally:
            self.closed = True
            self.event.set()

    async def aclose(self):
        """Cancel the function, unless it has ended."""
        self.closed = True
        self.event.set()
        if self._task:
            self._task.cancel()
            try:
                await self._task
            except asyncio.CancelledError:
                pass


def _take(queue):
    """Take the first events, about 1 KB of them at most, and return their bytes."""
    count = size = 0
    for message in queue:
        size += len(message)
        if count and size > _GATHER:
            break
        count += 1
    try:
        data = b''.join(queue[:count])
    except MemoryError:
        count = 1  # that needs none
        data = queue[0]
    del queue[:count]
    return data


def format_event(data, event=None, event_id=None, retry=None, comment=False):
    """Return the bytes of an event; see ``SSE.send``."""
    # Bytes all through: a new str costs as much as three of them.
    if isinstance(data, _JSON):
        data = dumps(data)
    if not isinstance(data, bytes):
        data = _encode(data)
    name = b': ' if comment else b'data: '
    if b'\n' in data or b'\r' in data:
        data = data.replace(b'\r\n', b'\n').replace(b'\r', b'\n').replace(b'\n', b'\n' + name)
    head = b''
    lines = 0
    if not comment:
        if event is not None and event != '':
            head = b''.join((b'event: ', _encode(event), b'\n'))
            lines = 1
        if event_id is not None and event_id != '':
            head = b''.join((head, b'id: ', _encode(event_id), b'\n'))
            lines += 1
        if lines and (head.count(b'\n') > lines or b'\r' in head or b'\0' in head):
            raise ValueError('line break in an event')
        if retry is not None:
            head = b'retry: %d\n%s' % (int(retry * 1000), head)
    return b''.join((head, name, data, b'\n\n'))


def _encode(value):
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, (bytes, bytearray, memoryview)):
        value = str(value).encode()
    return bytes(value)


def sse_response(request, event_function, *args, **kwargs):
    """Return the result of a route that sends events.

    :param request: the request.
    :param event_function: a coroutine function, called with the request, an ``SSE``, and the
        other arguments.

    An exception of the function ends the stream, after the events sent before it.
    """
    sse = SSE()
    sse._call = event_function, request, args, kwargs
    headers = {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-cache',
        'X-Accel-Buffering': 'no',  # for proxies that would collect the events
    }
    return sse, 200, headers


def with_sse(f):
    """Decorate a route that sends events; it gets an ``SSE`` after the request."""

    @wraps(f)
    async def wrapper(request, *args, **kwargs):
        return sse_response(request, f, *args, **kwargs)

    return wrapper
