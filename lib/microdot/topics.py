"""Topics: what is published goes to all who listen, and waits for none of them::

    readings = Topic()

    readings.publish({'celsius': 21.5})          # from anywhere, at any time

    @app.get('/events')
    async def events(request):
        return readings.to_sse(request)

    @app.get('/socket')
    @with_websocket
    async def socket(request, ws):
        await readings.to_websocket(ws)

A topic keeps its newest messages in one place for all. A listener only knows which of them it has
seen: however many there are and however slow they read, that is all the memory it takes.
"""

import asyncio
import os

from .compat import MAX_CONNECTIONS, const, dumps, invoke_handler, loads, print_exception
from .compat_topics import Lock, Signal
from .http1 import abort

_POLICIES = ('skip', 'tell', 'drop')
_GATHER = const(1000)  # bytes of events that leave together
_SILENCE = b':\n\n'  # a comment, that clients ignore
_TOO_SLOW = const(1013)  # the close code that asks to try again later


class Message:
    """What was published: ``data``, str (JSON, unless a str was published) or bytes; ``event``, its
    name or ``None``; ``number``, which counts the messages of the topic."""

    _frame = None

    def __init__(self, data, event, epoch, number, place):
        self.data = data
        self.event = event
        self.number = number
        self._epoch = epoch
        self._place = place  # counts, too, but goes on when the numbers begin anew

    @property
    def id(self):
        """What tells it from all others of the topic, those before a restart, too: a str."""
        return '%s-%d' % (self._epoch, self.number)

    @property
    def json(self):
        """The value of its JSON. Raises ``ValueError`` for other data."""
        data = self.data
        return loads(data if isinstance(data, str) else str(data, 'utf-8'))

    def frame(self):
        """Return the bytes of the server-sent event, made once for all listeners."""
        if not self._frame:
            from .sse import format_event

            self._frame = format_event(self.data, self.event, self.id)
        return self._frame


class Dropped(Exception):
    """Ends the iteration of a listener that did not keep up, where the topic wants that."""


class Listener:
    """Iterates over the messages of a topic; made by ``Topic.listen``.

    It is for one task at a time. Cancelling that loses nothing, and nothing has to be closed.
    """

    _told = 0

    def __init__(self, topic, seen, missed):
        self.topic = topic
        self._seen = seen  # the place of the last message that was taken or missed
        self._missed = missed

    @property
    def missed(self):
        """How many messages it did not get, as newer ones had taken their places."""
        return self._missed + max(0, _before(self.topic._kept) - self._seen)

    def untold(self):
        """Return how many it has missed since this was asked before."""
        missed, told = self._missed, self._told
        self._told = missed
        return missed - told

    def take(self):
        """Return the next message, or ``None`` if there is none."""
        kept = self.topic._kept  # as it is now: what is published makes another one
        before = _before(kept)
        if before > self._seen:
            self._miss(before - self._seen)
        while self._seen < before + len(kept):
            message = kept[self._seen - before]
            if message:
                self._seen += 1
                return message
            self._miss(1)
        return None

    def _miss(self, n):
        self._seen += n
        self._missed += n
        self.topic.missed += n

    def is_behind(self):
        """Return whether there is a message that it has not taken."""
        kept = self.topic._kept
        return kept and self._seen < kept[-1]._place

    def __aiter__(self):
        return self

    async def __anext__(self):
        """Raises ``Dropped`` if messages were missed and the topic's ``slow`` is ``'drop'``."""
        topic = self.topic
        message = self.take()
        while not message:
            await topic._wait(self.is_behind)
            message = self.take()
        if topic.slow == 'drop' and self.untold():
            raise Dropped
        return message


def _before(kept):
    """Return the place before the first of the messages that are kept."""
    return kept[-1]._place - len(kept) if kept else 0


class _Events:
    """The body of a response with all messages from where a listener is."""

    gathers = True  # for the response: what is there at once comes in one piece
    counted = False

    def __init__(self, topic, listener):
        self.topic = topic
        self.listener = listener
        self.held = None  # a message that did not fit into the last piece
        self.beats = topic._beats

    def __aiter__(self):
        return self

    async def __anext__(self):
        """Return the events that wait, about 1 KB of them at most, or a comment as none came."""
        topic = self.topic
        if not self.counted:  # not before: of a response to HEAD, nothing is asked
            self.counted = True
            topic.listeners += 1
            topic._streams += 1
            if topic.keepalive and not topic._beating:
                asyncio.create_task(topic._beat())
                topic._beating = True
            # WSGI servers send no head before there is something of the body.
            return self.piece() or _SILENCE
        data = self.piece()
        while not data:
            await topic._wait(self._has_some)
            data = self.piece()
            if not data and self.beats != topic._beats:
                data = _SILENCE
        self.beats = topic._beats
        return data

    def _has_some(self):
        return self.beats != self.topic._beats or self.listener.is_behind()

    def piece(self):
        data = b''
        while len(data) < _GATHER:
            message, self.held = self.held or self.listener.take(), None
            missed = self.listener.untold() if self.topic.slow != 'skip' else 0
            if missed and self.topic.slow == 'drop':
                raise StopAsyncIteration
            if missed:
                data += b'event: missed\ndata: %d\n\n' % missed
            if not message:
                break
            frame = message.frame()
            if data and len(data) + len(frame) > _GATHER:
                self.held = message
                break
            data = data + frame if data else frame
        return data

    async def aclose(self):
        if self.counted:
            self.counted = False
            self.topic.listeners -= 1
            self.topic._streams -= 1


class Topic:
    """Messages for all who listen.

    :param size: how many messages are kept, at least 1: the newest ones, for listeners that are
        behind, or come again.
    :param slow: what becomes of a listener that is further behind: ``'skip'``, it misses messages,
        which are counted; ``'tell'``, its client is told how many; ``'drop'``, it is ended.

    ``missed`` is how many messages listeners have missed, ``listeners`` how many clients there are,
    ``number`` that of the newest message, and ``epoch`` the str that changes when numbers begin
    anew. ``outgoing`` is ``None``, or what ``join`` has returned.
    Raises ``ValueError`` for another ``slow``, or for a size of 0.
    """

    #: Most characters, or bytes, of a message.
    max_length = 4096
    #: Most clients of ``to_sse`` and ``to_websocket``; others are turned away. 1000 on CPython.
    max_listeners = MAX_CONNECTIONS
    #: Seconds without a message after which the clients are sent something: a comment, or a ping
    #: where ``WebSocket.ping_interval`` is 0. One that has gone is found out by that. 0 for never.
    keepalive = 20
    #: Whether what ``micropython.schedule`` runs publishes messages: they leave at once then,
    #: instead of when the server looks at its connections, at most ``Connection.tick`` later.
    interrupts = False

    outgoing = None  # of a topic that is joined: the ``Topic`` of what is published here
    _echoes = False

    def __init__(self, size=16, slow='skip'):
        if slow not in _POLICIES or size < 1:
            raise ValueError('size or slow')
        self.size = size
        self.slow = slow
        self.epoch = ''.join(['%02x' % byte for byte in os.urandom(4)])
        self.number = 0  # of the newest message
        self.missed = self.listeners = self._streams = self._beats = 0
        self._beating = False  # whether ``_beat`` runs
        # The newest messages, ``None`` for each that was lost on the way here. Never changed, only
        # replaced: whoever looks at it sees what belongs together.
        self._kept = ()
        self._coming = []
        self._lock = Lock()
        self._signal = Signal()

    def publish(self, data, event=None):
        """Send a message to all who listen; it never waits.

        It may be called from any thread on CPython, from what ``micropython.schedule`` runs on
        MicroPython, and whether somebody listens or not.

        :param data: str or bytes, or what can be sent as JSON.
        :param event: a name for the event; WebSockets do not show it.

        Raises ``ValueError`` for a message longer than ``max_length``, or a line break in the
        name, ``TypeError`` for what JSON does not know.
        """
        if isinstance(data, (bytearray, memoryview)):
            data = bytes(data)
        elif not isinstance(data, (str, bytes)):
            data = dumps(data)
            if not isinstance(data, str):
                data = data.decode()  # of a module that makes bytes
        if len(data) > self.max_length:
            raise ValueError('message too long')
        if event is not None and ('\n' in event or '\r' in event or '\0' in event):
            raise ValueError('line break in event')
        if self.outgoing:
            self.outgoing.deliver(data, event)
        if not self._echoes:
            self.deliver(data, event)

    def deliver(self, data, event=None, number=None, epoch=None):
        """Give listeners a message, but not what the topic is joined to.

        What the topic is joined to calls it with each message that comes from there. Like
        ``publish`` it may be called from anywhere.

        :param data: str or bytes.
        :param event: its name.
        :param number: its number there, if there are any: where some are left out, listeners have
            missed them.
        :param epoch: a str that changes when the numbers begin anew.
        """
        self._coming.append((data, event, number, epoch))
        # Whoever is amid a message takes this one, too. Who comes after the last look at the list
        # finds the lock free.
        while self._coming and self._lock.acquire(False):
            try:
                while self._coming:
                    self._add(*self._coming.pop(0))
            finally:
                self._lock.release()
        self._signal.set()

    def _add(self, data, event, number, epoch):
        kept = self._kept
        last = self.number
        if epoch is None or epoch == self.epoch:
            epoch = self.epoch
        else:
            last = number - 1
        if number is None:
            number = last + 1
        lost = number - last - 1
        if lost < 0:
            return  # it has been here
        place = _before(kept) + len(kept) + lost + 1
        message = Message(data, event, epoch, number, place)
        added = (None,) * min(lost, self.size - 1) + (message,)
        # Places have no gaps: what was lost takes some, or leaves none of the others.
        kept = kept[max(0, len(kept) + len(added) - self.size) :] if lost < self.size else ()
        self._kept = kept + added
        self.number, self.epoch = number, epoch

    def listen(self, last=0, after=None):
        """Return a ``Listener``, an asynchronous iterator over messages.

        :param last: how many of the kept messages it begins with.
        :param after: the ``id`` of the last message that it has seen, instead: it begins with the
            next one, or what is kept of those since. An id that is not known, such as one from
            before a restart, stands for all that are kept.
        """
        kept = self._kept
        before = _before(kept)
        if after is None:
            return Listener(self, before + max(0, len(kept) - last), 0)
        epoch, _, number = after.rpartition('-')
        seen = before
        if epoch == self.epoch and len(number) < 16 and number.encode().isdigit():
            # Below ``before`` if some are gone; more than there are if it comes from a process that
            # is ahead of this one.
            seen += len(kept) + int(number) - self.number
        else:
            for message in kept:
                if message and message.id == after:
                    seen = message._place
        return Listener(self, max(seen, before), max(0, before - seen))

    def _wait(self, ready):
        if self.interrupts:
            self._signal.rouse()
        return self._signal.wait(ready)

    def join(self, echoes=False, size=64):
        """Join the topic to something else that carries messages, a broker, say.

        Returns the ``Topic`` of what is published here from now on, for the other side to listen
        to. It gives what comes from there to ``deliver``.

        :param echoes: whether what is published here comes back from there: then only that goes
            to listeners, and all processes that are joined have one order of messages.
        :param size: how many messages wait for the other side; older ones are lost, and counted.

        Raises ``ValueError`` for a topic that is joined already.
        """
        if self.outgoing:
            raise ValueError('already joined')
        self.outgoing = Topic(size)
        self._echoes = echoes
        return self.outgoing

    def to_sse(self, request, last=0):
        """Return the result of a route that sends the messages as server-sent events.

        A client that comes again gets those since the one it saw last. What it missed it is told,
        where the topic wants that, by an event ``missed`` with the number.

        :param request: the request, for its ``Last-Event-ID``.
        :param last: how many of the kept messages a new client gets first.

        Raises ``HTTPException`` (503) beyond ``max_listeners``.
        """
        from .sse import sse_response

        if self.listeners >= self.max_listeners:
            abort(503)
        listener = self.listen(last, request.headers.get('Last-Event-ID'))
        return _Events(self, listener), 200, sse_response(request, None)[2]

    async def _beat(self):
        """Have something sent to the event streams when nothing is published for a while."""
        try:
            while self._streams:
                number = self.number
                await asyncio.sleep(self.keepalive)
                if number == self.number:
                    self._beats += 1
                    self._signal.set()
        finally:
            self._beating = False

    async def to_websocket(self, ws, received=None, last=0):
        """Send the messages to a WebSocket, and take what comes from it, until its client goes.

        What the client missed it is told, where the topic wants that, as ``{"missed": 3}``.

        :param ws: the ``WebSocket``.
        :param received: a function or coroutine function, called with each message of the client.
        :param last: how many of the kept messages the client gets first.

        Raises ``WebSocketError`` when the client has gone, as ``ws.receive()`` does.
        """
        if self.listeners >= self.max_listeners:
            return await ws.close(_TOO_SLOW, 'full')
        ws.ping_interval = ws.ping_interval or self.keepalive
        sending = asyncio.create_task(self._send(ws, self.listen(last)))
        self.listeners += 1
        try:
            while True:
                data = await ws.receive()
                if received:
                    await invoke_handler(received, data)
        finally:
            self.listeners -= 1
            sending.cancel()
            try:
                await sending
            except asyncio.CancelledError:
                pass

    async def _send(self, ws, listener):
        from .websocket_handshake import WebSocketError

        try:
            async for message in listener:
                missed = listener.untold()
                if missed and self.slow == 'tell':
                    await ws.send('{"missed": %d}' % missed)
                await ws.send(message.data)
        except (OSError, WebSocketError):
            return  # the client has gone, as whoever receives from it finds out
        except Dropped:
            code = _TOO_SLOW
        except Exception as exc:
            print_exception(exc)
            code = 1011
        await ws.close(code)
