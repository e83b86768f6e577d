from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable
from typing import Any

from . import AsyncBytesIO as AsyncBytesIO
from . import Request as Request
from . import Response as Response
from . import URLPattern as URLPattern
from . import abort as abort
from . import iscoroutine as iscoroutine
from .gateway import Hosted
from .websocket import WebSocket as WebSocket
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

redirect = Response.redirect
send_file = Response.send_file

class Microdot(Hosted):
    @property
    def loop(self) -> AbstractEventLoop: ...
    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any] = ..., *more: Any
    ) -> Iterable[bytes]: ...
    def wsgi_app(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]: ...
