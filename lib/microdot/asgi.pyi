from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, TypeAlias

from . import AsyncBytesIO as AsyncBytesIO
from . import Request as Request
from . import Response as Response
from . import URLPattern as URLPattern
from . import abort as abort
from . import iscoroutine as iscoroutine
from .gateway import Hosted
from .websocket import WebSocket as _WebSocket
from .websocket import websocket_upgrade as websocket_upgrade
from .websocket import with_websocket as with_websocket

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
    """A function, called with the scope when the server starts; an exception keeps it from
    starting.
    """
    lifespan_shutdown: _Lifespan | None
    """A function, called with the scope when the server ends."""
    def __init__(
        self,
        lifespan_startup: _Lifespan | None = None,
        lifespan_shutdown: _Lifespan | None = None,
    ) -> None: ...
    def __call__(
        self, scope: _Scope, receive: _Receive | None = None, send: _Send | None = None
    ) -> Coroutine[Any, Any, None]: ...
    async def asgi_app(self, scope: _Scope, receive: _Receive, send: _Send) -> None: ...
    async def handle_lifespan(self, scope: _Scope, receive: _Receive, send: _Send) -> None: ...

class WebSocket(_WebSocket): ...
