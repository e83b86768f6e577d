from asyncio import Event
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Concatenate, ParamSpec

from .request import Request

_P = ParamSpec('_P')

class SSE:
    max_queue: int
    keepalive: float
    closed: bool
    event: Event
    queue: list[bytes]
    def __init__(self) -> None: ...
    async def send(
        self,
        data: Any,
        event: str | None = None,
        event_id: Any = None,
        retry: float | None = None,
        comment: bool = False,
    ) -> None: ...

def sse_response(
    request: Request,
    event_function: Callable[Concatenate[Request, SSE, _P], Awaitable[Any]],
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> tuple[AsyncIterator[bytes], int, dict[str, str]]: ...
def with_sse(
    f: Callable[Concatenate[Request, SSE, _P], Awaitable[Any]],
) -> Callable[
    Concatenate[Request, _P], Awaitable[tuple[AsyncIterator[bytes], int, dict[str, str]]]
]: ...
