from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias, overload

from typing_extensions import Unpack

from . import AsyncBytesIO as AsyncBytesIO
from . import Request as Request
from . import Response as Response
from . import URLPattern as URLPattern
from . import abort as abort
from . import iscoroutine as iscoroutine
from .gateway import Hosted
from .websocket import _P, _Options, _Route, _Wrapped
from .websocket import WebSocket as _WebSocket

__all__ = (
    'AsyncBytesIO',
    'Microdot',
    'Request',
    'Response',
    'URLPattern',
    'WebSocket',
    'abort',
    'iscoroutine',
    'redirect',
    'send_file',
    'websocket_upgrade',
    'with_websocket',
)

_Message: TypeAlias = MutableMapping[str, Any]
_Scope: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_Lifespan: TypeAlias = Callable[[_Scope], Any]

redirect = Response.redirect
send_file = Response.send_file

class Microdot(Hosted):
    lifespan_startup: _Lifespan | None
    lifespan_shutdown: _Lifespan | None
    def __init__(
        self,
        lifespan_startup: _Lifespan | None = None,
        lifespan_shutdown: _Lifespan | None = None,
    ) -> None: ...
    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None: ...
    async def asgi_app(self, scope: _Scope, receive: _Receive, send: _Send) -> None: ...
    async def handle_lifespan(self, scope: _Scope, receive: _Receive, send: _Send) -> None: ...

class WebSocket(_WebSocket): ...

async def websocket_upgrade(request: Request, **options: Unpack[_Options]) -> _WebSocket: ...
@overload
def with_websocket(f: _Route[_P]) -> _Wrapped[_P]: ...
@overload
def with_websocket(
    f: None = None, **options: Unpack[_Options]
) -> Callable[[_Route[_P]], _Wrapped[_P]]: ...
