from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

from .request import Request
from .websocket import WebSocket

class Dropped(Exception): ...

class Message:
    data: str | bytes
    event: str | None
    number: int
    @property
    def id(self) -> str: ...
    @property
    def json(self) -> Any: ...
    def frame(self) -> bytes: ...

class Listener:
    topic: Topic
    @property
    def missed(self) -> int: ...
    def untold(self) -> int: ...
    def take(self) -> Message | None: ...
    def is_behind(self) -> bool: ...
    def __aiter__(self) -> Listener: ...
    async def __anext__(self) -> Message: ...

class Topic:
    max_length: int
    """Most characters, or bytes, of a message."""
    max_listeners: int
    """Most clients of ``to_sse`` and ``to_websocket``; others are turned away. 1000 on CPython."""
    keepalive: float
    """Seconds without a message after which the clients are sent something: a comment, or a ping
    where ``WebSocket.ping_interval`` is 0. One that has gone is found out by that. 0 for
    never.
    """
    interrupts: bool
    """Whether what ``micropython.schedule`` runs publishes messages: they leave at once then,
    instead of when the server looks at its connections, at most ``Connection.tick`` later.
    """
    size: int
    """How many messages are kept, at least 1: the newest ones, for listeners that are behind, or
    come again.
    """
    slow: Literal['skip', 'tell', 'drop']
    """What becomes of a listener that is further behind: ``'skip'``, it misses messages, which
    are counted; ``'tell'``, its client is told how many; ``'drop'``, it is ended.
    """
    epoch: str
    number: int
    missed: int
    listeners: int
    outgoing: Topic | None
    def __init__(self, size: int = 16, slow: Literal['skip', 'tell', 'drop'] = 'skip') -> None: ...
    def publish(self, data: Any, event: str | None = None) -> None: ...
    def deliver(
        self,
        data: str | bytes,
        event: str | None = None,
        number: int | None = None,
        epoch: str | None = None,
    ) -> None: ...
    def listen(self, last: int = 0, after: str | None = None) -> Listener: ...
    def join(self, echoes: bool = False, size: int = 64) -> Topic: ...
    def to_sse(
        self, request: Request, last: int = 0
    ) -> tuple[AsyncIterator[bytes], int, dict[str, str]]: ...
    async def to_websocket(
        self,
        ws: WebSocket,
        received: Callable[[Any], Awaitable[Any] | Any] | None = None,
        last: int = 0,
    ) -> None: ...
