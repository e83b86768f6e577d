from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from .application import Microdot, _AfterHandler
from .datastructures import MultiDict, NoCaseDict
from .multipart import FileUpload, FormDict

_F = TypeVar('_F', bound=_AfterHandler)

class _HeadReader(Protocol):
    async def readline(self) -> bytes: ...
    async def readexactly(self, n: int, /) -> bytes: ...

class _BodyReader(Protocol):
    async def read(self, n: int = -1, /) -> bytes: ...
    async def readline(self) -> bytes: ...
    async def readexactly(self, n: int, /) -> bytes: ...
    async def readuntil(self, separator: bytes = b'\n', /) -> bytes: ...

class Request:
    max_content_length: int
    max_body_length: int
    max_readline: int
    G: type

    app: Microdot
    client_addr: Any
    method: str
    scheme: str
    url: str
    path: str
    query_string: str | None
    args: MultiDict[str]
    http_version: str
    headers: NoCaseDict[str]
    content_length: int
    content_type: str | None
    cookies: dict[str, str]
    url_prefix: str
    subapp: Microdot | None
    subapps: tuple[Microdot, ...]
    route: Callable[..., Any] | None
    url_args: dict[str, Any]
    g: Any
    sock: Any
    body: bytes
    body_used: bool
    stream: _BodyReader
    json: Any
    form: MultiDict[str] | None
    files: FormDict[FileUpload] | None
    after_request_handlers: list[_AfterHandler]
    # Under ASGI and WSGI alone.
    asgi_scope: dict[str, Any]
    environ: dict[str, Any]

    def __init__(
        self,
        app: Microdot,
        client_addr: Any,
        method: str,
        url: str,
        http_version: str,
        headers: Mapping[str, str] | list[bytes],
        body: bytes | None = None,
        stream: _BodyReader | None = None,
        sock: Any = None,
        url_prefix: str = '',
        subapp: Microdot | None = None,
        scheme: str | None = None,
        route: Callable[..., Any] | None = None,
    ) -> None: ...
    @staticmethod
    async def create(
        app: Microdot,
        client_reader: _HeadReader,
        client_writer: Any,
        client_addr: Any,
        scheme: str | None = None,
    ) -> Request | None: ...
    def after_request(self, f: _F) -> _F: ...
    def vary(self, name: str) -> None: ...
