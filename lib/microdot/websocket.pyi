from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Concatenate, Literal, ParamSpec, TypedDict, overload

from typing_extensions import Unpack

from .request import Request

_P = ParamSpec('_P')

class _Options(TypedDict, total=False):
    max_message_length: int
    subprotocols: Sequence[str]
    allowed_origins: Sequence[str] | Literal[True] | None
    ping_interval: float
    ping_timeout: float
    close_timeout: float

class WebSocketError(Exception):
    code: int
    """The close code (RFC 6455, 7.4): the client's, 1005 if it sent none, 1006 if it left
    without a word, or the one it is sent because of its mistake.
    """
    def __init__(self, message: str = '', code: int = 1006) -> None: ...

class WebSocket:
    CONT: int
    """The opcode of a frame that continues a message (RFC 6455, 11.8)."""
    TEXT: int
    """The opcode of a text."""
    BINARY: int
    """The opcode of binary data."""
    CLOSE: int
    """The opcode that ends the connection."""
    PING: int
    """The opcode of a ping."""
    PONG: int
    """The opcode of the answer to a ping."""
    max_message_length: int
    """Longest message, in bytes, that is received; a longer one ends the connection with 1009.
    -1 stands for ``Request.max_body_length``, 0 for no limit.
    """
    subprotocols: Sequence[str]
    """The subprotocols that the route speaks, the preferred one first."""
    allowed_origins: Sequence[str] | Literal[True] | None
    """The origins that pages may connect from, such as ``('https://example.com',)``, or a single
    one; ``True`` for the server's own alone, ``None`` for all. Others get 403. Only browsers
    send an origin.
    """
    ping_interval: float
    """Seconds between two pings of the client; 0: none."""
    ping_timeout: float
    """Seconds after a ping in which something has to come, or the handler is cancelled."""
    close_timeout: float
    """Seconds to wait for the client's close frame before the connection is closed."""
    closed: bool
    """Whether the connection has ended."""
    subprotocol: str | None
    close_code: int | None
    close_reason: str | None
    request: Request
    """The request to upgrade."""
    def __init__(self, request: Request) -> None: ...
    async def handshake(self) -> None: ...
    async def receive(self) -> str | bytes: ...
    async def send(
        self, data: str | bytes | bytearray | memoryview, opcode: int | None = None
    ) -> None: ...
    async def close(self, code: int | None = None, reason: str = '') -> None: ...

_Route = Callable[Concatenate[Request, WebSocket, _P], Awaitable[Any]]
_Wrapped = Callable[Concatenate[Request, _P], Awaitable[Any]]

async def websocket_upgrade(request: Request, **options: Unpack[_Options]) -> WebSocket: ...
def websocket_wrapper(
    f: _Route[_P], upgrade_function: Callable[[Request], Awaitable[WebSocket]]
) -> _Wrapped[_P]: ...
@overload
def with_websocket(f: _Route[_P]) -> _Wrapped[_P]: ...
@overload
def with_websocket(
    f: None = None, **options: Unpack[_Options]
) -> Callable[[_Route[_P]], _Wrapped[_P]]: ...
