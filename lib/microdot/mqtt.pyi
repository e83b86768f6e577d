from collections.abc import Callable, Iterable
from ssl import SSLContext
from typing import Any, TypeVar

from .topics import Topic

_Handler = TypeVar('_Handler', bound=Callable[[str, bytes, bool], object])
_Function = TypeVar('_Function', bound=Callable[[], object])

class MQTTError(Exception): ...

class MQTTClient:
    max_queue: int
    """Most messages that wait to be sent or, with QoS 1, to be acknowledged. When there are
    more, the oldest of QoS 0 is dropped; if all are of QoS 1, the new one is.
    """
    max_payload: int
    """Bytes of the largest payload that is taken; a longer one is skipped and counted."""
    backoff: tuple[float, float]
    """Seconds before the client connects again: the first time, and at most. Each failure
    doubles them; up to half of them are left out at random, so that not all come at once.
    """
    connected: bool
    """Whether the broker has accepted the client."""
    error: BaseException | None
    """Why there is no connection, an exception; ``None`` if there is one or never was."""
    dropped: int
    """Messages that were not sent because the queue was full."""
    skipped: int
    """Messages received that were larger than ``max_payload``."""
    host: str
    """The broker's name or address."""
    port: int
    """Its port; 1883, or 8883 with ``ssl``."""
    client_id: str
    """A str of its own for each client. Without one the broker makes one up."""
    user: str | None
    password: str | None
    ssl: SSLContext | None
    """An ``SSLContext`` for TLS."""
    will: tuple[Any, ...] | None
    """What the broker publishes once the client has gone, however it went: a tuple of topic,
    payload, and optionally whether to retain it (``True``).
    """
    keepalive: int
    """Seconds without a sign of the broker after which it is taken for dead."""
    clean: bool
    """Whether the broker forgets subscriptions and messages of QoS 1 while the client is away;
    ``False`` needs a ``client_id``.
    """
    queue: list[list[Any]]
    """The messages that wait to be sent or acknowledged."""
    handlers: list[tuple[str, Callable[[str, bytes, bool], object], int]]
    """What ``on`` has registered: filter, function, QoS."""
    connect_handlers: list[Callable[[], object]]
    """What ``on_connect`` has registered."""
    joined: list[tuple[Topic, str, int, bool]]
    """What ``join`` has joined."""
    def __init__(
        self,
        host: str,
        port: int | None = None,
        client_id: str = '',
        user: str | None = None,
        password: str | None = None,
        ssl: SSLContext | None = None,
        will: tuple[Any, ...] | None = None,
        keepalive: int = 60,
        clean: bool = True,
    ) -> None: ...
    def on(self, topic_filter: str, qos: int = 0) -> Callable[[_Handler], _Handler]: ...
    def on_connect(self, f: _Function) -> _Function: ...
    def greet(self) -> None: ...
    def join(
        self,
        topic: Topic,
        name: str | None = None,
        incoming: str | None = None,
        qos: int = 0,
        retain: bool = False,
    ) -> None: ...
    def publish(
        self,
        topic: str,
        payload: bytes | str | object | Callable[[], Iterable[bytes]],
        qos: int = 0,
        retain: bool = False,
    ) -> bool: ...
    async def flush(self) -> None: ...
    async def run(self) -> None: ...

def matches(topic_filter: str, topic: str) -> bool: ...
