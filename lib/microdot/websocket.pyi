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
    def __init__(self, message: str = '', code: int = 1006) -> None: ...

class WebSocket:
    CONT: int
    TEXT: int
    BINARY: int
    CLOSE: int
    PING: int
    PONG: int
    max_message_length: int
    subprotocols: Sequence[str]
    allowed_origins: Sequence[str] | Literal[True] | None
    ping_interval: float
    ping_timeout: float
    close_timeout: float
    closed: bool
    subprotocol: str | None
    close_code: int | None
    close_reason: str | None
    request: Request
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
