from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

from .request import Request

_T = TypeVar('_T')

class Guard:
    max_entries: int
    """How many addresses and names are kept."""
    free: int
    """How many attempts may fail before the next has to wait."""
    delay: int
    """Whole seconds to wait after the first failure beyond these; each further one doubles them."""
    longest: int
    """The most seconds to wait."""
    forget: int
    """Seconds after the last failure that all are forgotten."""
    def __init__(
        self, free: int = 5, delay: int = 1, longest: int = 60, forget: int = 900
    ) -> None: ...
    def address(self, request: Request) -> str | None: ...
    @overload
    async def attempt(
        self,
        request: Request,
        name: str | None,
        check: Callable[..., Awaitable[_T]],
        *args: Any,
    ) -> _T: ...
    @overload
    async def attempt(
        self,
        request: Request,
        name: str | None,
        check: Callable[..., _T],
        *args: Any,
    ) -> _T: ...
