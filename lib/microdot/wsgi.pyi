from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable
from typing import Any, overload

from typing_extensions import Unpack

from . import AsyncBytesIO as AsyncBytesIO
from . import Request as Request
from . import Response as Response
from . import URLPattern as URLPattern
from . import abort as abort
from . import iscoroutine as iscoroutine
from .gateway import Hosted
from .websocket import _P, _Options, _Route, _Wrapped
from .websocket import WebSocket as WebSocket

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
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]: ...
    def wsgi_app(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]: ...

async def websocket_upgrade(request: Request, **options: Unpack[_Options]) -> WebSocket: ...
@overload
def with_websocket(f: _Route[_P]) -> _Wrapped[_P]: ...
@overload
def with_websocket(
    f: None = None, **options: Unpack[_Options]
) -> Callable[[_Route[_P]], _Wrapped[_P]]: ...
