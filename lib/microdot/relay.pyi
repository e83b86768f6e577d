from typing import Any

from .application import Microdot
from .topics import Topic

class Relay:
    patience: float
    """Seconds after which a connection is given up that does not answer."""
    shortest_pause: float
    """Seconds before it connects again, for the first time; twice as long after each failure."""
    longest_pause: float
    """Most seconds of it."""
    app: Microdot
    """The application."""
    url: str
    """The address, as the package ``redis`` takes it: ``redis://``, ``rediss://`` for TLS,
    ``unix://``.
    """
    prefix: str
    """Put before the names of topics to make the keys of their streams."""
    length: int
    """How many messages Redis keeps of each topic, for processes that were away."""
    waiting: int
    """How many messages of each topic wait here for Redis."""
    options: dict[str, Any]
    """Further ones of ``redis.asyncio.from_url``, such as ``password``."""
    lost: int
    def __init__(
        self,
        app: Microdot,
        url: str = 'redis://localhost:6379',
        prefix: str = 'microdot:',
        length: int = 1000,
        waiting: int = 64,
        **options: Any,
    ) -> None: ...
    @property
    def connected(self) -> bool: ...
    def join(self, topic: Topic, name: str) -> None: ...
