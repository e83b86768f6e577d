from asyncio import Event
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Concatenate, ParamSpec

from .request import Request

_P = ParamSpec('_P')

class SSE:
    max_queue: int
    """Most events that wait for the client; ``send`` waits for room then. 0 for any number."""
    keepalive: float
    """Seconds without an event after which a comment is sent, so that nothing on the way takes
    the connection for idle; 0 for never. A function may assign it to its own ``SSE``.
    """
    gathers: bool
    """For the response: what is there at once comes in one piece."""
    closed: bool
    """Whether the function has ended, or its client has gone."""
    event: Event
    """What is set when the queue or ``closed`` has changed."""
    queue: list[bytes]
    """The events that wait to be sent."""
    def __init__(self) -> None: ...
    def __aiter__(self) -> SSE: ...
    async def __anext__(self) -> bytes: ...
    def ended(self) -> bool: ...
    async def aclose(self) -> None: ...
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
