"""Topics that several processes, or machines, have together, by Redis or Valkey, on CPython::

    talk = Topic()
    relay = Relay(app, 'redis://localhost')
    relay.join(talk, 'talk')

Each topic is a stream in Redis: what any process publishes gets its place there, and comes to all
of them in the same order with the same number, so that a client may come again to another process.
Needs the package ``redis``.
"""

import asyncio
import uuid

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from .compat import ticks_diff, ticks_ms
from .compat_topics import wait_for

_BATCH = 32  # messages sent at once
_FAREWELL = 1  # seconds to send what is left at the end

# Gives a message the number after the last one, in an epoch that begins with the stream. One that
# may have arrived before its connection broke is looked for.
_ADD = """
local again = ARGV[6] == '1'
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', again and ARGV[1] or 1)
if again then
    for _, entry in ipairs(last) do
        if entry[2][8] == ARGV[5] then return entry[1] end
    end
end
local epoch, number = nil, 0
if last[1] then
    epoch, number = string.match(last[1][1], '(%d+)-(%d+)')
else
    local now = redis.call('TIME')
    epoch = now[1] .. string.format('%03d', math.floor(now[2] / 1000))
end
local id = epoch .. '-' .. string.format('%d', number + 1)
return redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[1], id,
    'kind', ARGV[2], 'data', ARGV[3], 'event', ARGV[4], 'by', ARGV[5])
"""


class Relay:
    """Joins topics to streams of Redis, as long as the application runs.

    While Redis cannot be reached, messages wait here, and processes hear nothing of each other;
    what finds no room is lost, and so is what Redis itself forgets. ``lost`` counts both, and a
    line on the console tells of it. ``connected`` is whether all topics are connected.

    :param app: the application.
    :param url: the address, as the package ``redis`` takes it: ``redis://``, ``rediss://`` for TLS,
        ``unix://``.
    :param prefix: put before the names of topics to make the keys of their streams.
    :param length: how many messages Redis keeps of each topic, for processes that were away.
    :param waiting: how many messages of each topic wait here for Redis.
    :param options: further ones of ``redis.asyncio.from_url``, such as ``password``.
    """

    #: Seconds after which a connection is given up that does not answer.
    patience = 10
    #: Seconds before it connects again, for the first time; twice as long after each failure.
    shortest_pause = 0.1
    #: Most seconds of it.
    longest_pause = 10

    def __init__(
        self,
        app,
        url='redis://localhost:6379',
        prefix='microdot:',
        length=1000,
        waiting=64,
        **options,
    ):
        self.app = app
        self.url = url
        self.prefix = prefix
        self.length = length
        self.waiting = waiting
        self.options = options
        self.lost = 0
        self._joined = []
        self._client = None
        app.on_startup(self._start)
        app.on_shutdown(self._end)

    @property
    def connected(self):
        return all(joined.away is None for joined in self._joined)

    def join(self, topic, name):
        """Make a topic one with all that have this name, in whatever process.

        What is published comes back by way of Redis, and only then goes to listeners here.

        Raises ``ValueError`` for a topic that is joined already, ``RuntimeError`` once the
        application has started.
        """
        if self._client:
            raise RuntimeError('join topics before the application starts')
        self._joined.append(_Joined(self, topic, name))

    async def _start(self):
        self._client = redis.asyncio.from_url(
            self.url,
            socket_connect_timeout=self.patience,
            socket_timeout=self.patience,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            **self.options,
        )
        for joined in self._joined:
            self.app.create_task(joined.receive)
            self.app.create_task(joined.send)

    async def _end(self):
        client, self._client = self._client, None
        if not client:
            return
        for joined in self._joined:
            await joined.send_rest(client)
        await client.aclose()


class _Joined:
    """A topic and its stream."""

    def __init__(self, relay, topic, name):
        self.relay = relay
        self.topic = topic
        self.name = name
        self.key = relay.prefix + name
        self.outgoing = topic.join(True, relay.waiting).listen()
        self.batch = []  # (message, its own name) that are being sent
        self.uncertain = False  # whether they may have arrived already
        self.missed = 0  # of the outgoing ones, as far as they are counted
        self.away = None  # since when there has been no connection, in milliseconds
        self.last = None  # (epoch, number) of the newest message that came

    # What goes there

    async def send(self):
        while True:
            if not self.batch:
                self.add(await self.outgoing.__anext__())
            await self.persist(self.send_batch)

    def add(self, message):
        while message:
            self.batch.append((message, uuid.uuid4().hex))
            message = self.outgoing.take() if len(self.batch) < _BATCH else None
        missed = self.outgoing.missed - self.missed
        if missed:
            self.missed += missed
            self.lose(missed, 'could not be sent')

    async def send_batch(self, client=None):
        batch = self.batch
        pipeline = (client or self.relay._client).pipeline(transaction=False)
        for message, by in batch:
            kind = 's' if isinstance(message.data, str) else 'b'
            event = message.event or ''
            again = int(self.uncertain)
            length = self.relay.length
            pipeline.eval(_ADD, 1, self.key, length, kind, message.data, event, by, again)
        self.uncertain = True
        await pipeline.execute()
        if self.batch is batch:
            self.batch = []
            self.uncertain = False

    async def send_rest(self, client):
        """Send what is left when the application ends, or say that it is lost."""
        try:
            while True:
                self.add(None if self.batch else self.outgoing.take())
                if not self.batch:
                    return
                await wait_for(self.send_batch(client), _FAREWELL)
        except (redis.RedisError, OSError, asyncio.TimeoutError):
            rest = len(self.batch)
            while self.outgoing.take():
                rest += 1
            self.batch = []
            self.lose(rest, 'could not be sent before the end')

    # What comes from there

    async def receive(self):
        await self.persist(self.receive_kept)
        while True:
            await self.persist(self.receive_next)

    async def receive_kept(self):
        """Take what there was before this process, for clients that come again."""
        entries = await self.relay._client.xrevrange(self.key, count=self.topic.size)
        if self.last is None:
            for entry in reversed(entries):
                self.take(*entry)
        self.last = self.last or (0, 0)

    async def receive_next(self):
        start = '%d-%d' % self.last
        wait = int(self.relay.patience * 500)  # milliseconds
        streams = await self.relay._client.xread({self.key: start}, 100, wait)
        for _, entries in streams or ():
            for entry in entries:
                self.take(*entry)
        if not streams:
            # Nothing came: or Redis began anew, and its clock had gone back.
            for entry_id, _ in await self.relay._client.xrevrange(self.key, count=1):
                if _parsed(entry_id) < self.last:
                    self.last = 0, 0

    def take(self, entry_id, fields):
        """Deliver an entry of the stream."""
        epoch, number = _parsed(entry_id)
        if self.last and self.last != (0, 0):
            if epoch != self.last[0]:
                self.lose(number - 1, 'went by: Redis began anew')
            elif number > self.last[1] + 1:
                self.lose(number - 1 - self.last[1], 'came while this process was away')
        self.last = epoch, number
        data = fields[b'data'].decode() if fields[b'kind'] == b's' else fields[b'data']
        event = fields[b'event'].decode() or None
        self.topic.deliver(data, event, number, str(epoch))

    # The connection

    async def persist(self, work):
        """Do something that needs Redis, again and again until it succeeds."""
        pause = self.relay.shortest_pause
        while True:
            try:
                await _cancellable(work())
                break
            except (redis.RedisError, OSError, asyncio.TimeoutError) as exc:
                if self.away is None:
                    self.away = ticks_ms()
                    self.tell('no connection: %r' % exc)
            await asyncio.sleep(pause)
            pause = min(pause * 2, self.relay.longest_pause)
        if self.away is not None:
            seconds = ticks_diff(ticks_ms(), self.away) / 1000
            self.away = None
            self.tell('connected again after %.1f s' % seconds)

    def lose(self, count, why):
        if count:
            self.relay.lost += count
            self.tell('%d messages are lost, as they %s' % (count, why))

    def tell(self, text):
        print('relay: topic %s: %s' % (self.name, text))


async def _cancellable(coro):
    """Await a coroutine that may lose a cancellation, as the package does while it connects."""
    task = asyncio.ensure_future(coro)
    task.add_done_callback(lambda task: task.cancelled() or task.exception())
    try:
        await asyncio.wait([task])
        return task.result()
    finally:
        task.cancel()  # or it ends with the client, whose connections are closed


def _parsed(entry_id):
    epoch, _, number = entry_id.partition(b'-')
    return int(epoch), int(number)
