from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from .application import Microdot
from .request import Request

_F = TypeVar('_F', bound=Callable[[], Any])

class Health:
    app: Microdot
    """The application, which gets the two routes."""
    statuses: dict[int, int]
    checks: list[Callable[[], Any]]
    def __init__(
        self, app: Microdot, health: str | None = '/health', metrics: str | None = '/metrics'
    ) -> None: ...
    def check(self, f: _F) -> _F: ...
    def uptime(self) -> int: ...
    async def health(self, request: Request) -> tuple[dict[str, Any], int, dict[str, str]]: ...
    async def metrics(self, request: Request) -> tuple[Iterator[str], dict[str, str]]: ...
    def figures(self) -> Iterator[tuple[str, str, list[tuple[str, int]]]]: ...

def largest_free_block() -> int:
    """Return the bytes of the largest piece of the heap that is free, a sixteenth too few at most.

    MicroPython only. It takes as long as one garbage collection or two.
    """

def reset_cause() -> str | None:
    """Return why the board started the last time, such as ``'wdt'``; ``None`` if nobody knows."""

def wifi_signal() -> int | None:
    """Return the strength of the Wi-Fi signal in dBm, ``None`` without a connection."""
