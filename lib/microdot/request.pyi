from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Protocol, TypeVar

from .application import Microdot, _AfterHandler
from .http1 import NoCaseDict
from .multipart import FileUpload
from .urlencoded import MultiDict

_F = TypeVar('_F', bound=_AfterHandler)

class AsyncBytesIO:
    stream: BytesIO
    """The ``io.BytesIO`` with the bytes."""
    def __init__(self, data: bytes) -> None: ...
    async def read(self, n: int = -1) -> bytes:
        """Return at most n bytes, what is there first; all up to the end if n is negative."""
    async def readline(self, separator: bytes = b'\n') -> bytes:
        """Return the bytes up to a separator, included, or up to the end: a coroutine.

        Raises ``ClientError`` (413) if they are more than ``max_line``.
        """
    async def readexactly(self, n: int) -> bytes: ...
    async def readuntil(self, separator: bytes = b'\n') -> bytes:
        """Return the bytes up to a separator, included, or up to the end: a coroutine.

        Raises ``ClientError`` (413) if they are more than ``max_line``.
        """
    async def aclose(self) -> None:
        """Do nothing: who made the stream closes it."""
    async def awrite(self, data: bytes) -> int: ...

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
    """Longest body, in bytes, that is accepted; a longer one is answered with 413."""
    max_body_length: int
    """Longest body, in bytes, that is loaded into ``body``; a longer one is read by ``stream``."""
    max_readline: int
    """Longest request line or header line, in bytes."""
    G: type
    """The type of ``g``; another may be assigned to ``Request.G``."""

    app: Microdot
    """The application that handles the request."""
    client_addr: Any
    """The address of the client, a tuple (host, port) where the platform has it."""
    method: str
    """The method, as sent."""
    scheme: str
    """``'http'`` (the default) or ``'https'``."""
    url: str
    """The target, path and query string, as sent."""
    path: str
    """The path of the URL, percent-decoded, without the query string."""
    query_string: str | None
    """What follows the question mark of the URL, undecoded; ``None`` if there is none."""
    args: MultiDict[str]
    """The ``MultiDict`` of the query string. Raises ``ValueError`` (400) if it is malformed."""
    http_version: str
    """The version, such as ``'1.1'``."""
    headers: NoCaseDict[str]
    """The header fields, a ``NoCaseDict``; those sent several times are joined."""
    content_length: int
    """The length of the body in bytes that the client announced, 0 if none."""
    content_type: str | None
    """The value of the ``Content-Type`` header, or ``None``."""
    cookies: dict[str, str]
    """The dictionary of cookies."""
    url_prefix: str
    """The prefix that the route's sub-application is mounted at."""
    subapp: Microdot | None
    """The innermost mounted application of the route, or ``None``."""
    subapps: tuple[Microdot, ...]
    """The mounted applications that the route is in, the innermost last."""
    route: Callable[..., Any] | None
    """The route function, once it is known."""
    url_args: dict[str, Any]
    """The arguments that the path of the route has, converted."""
    g: Any
    """An object for the application's own data about the request."""
    sock: Any
    """The pair (reader, writer) of the connection."""
    body_used: bool
    """Always ``False``."""
    files: dict[str, FileUpload] | None
    """The dictionary of uploaded files, ``None`` without ``with_form_data``."""
    after_request_handlers: list[_AfterHandler]
    """The functions registered by ``after_request``."""
    # Under ASGI and WSGI alone.
    asgi_scope: dict[str, Any]
    """The scope of the request, under ASGI alone."""
    environ: dict[str, Any]
    """The environment of the request, under WSGI alone."""

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
    @classmethod
    async def create(
        cls,
        app: Microdot,
        client_reader: _HeadReader,
        client_writer: Any,
        client_addr: Any,
        scheme: str | None = None,
    ) -> Request | None: ...
    @property
    def body(self) -> bytes: ...
    @property
    def stream(self) -> _BodyReader: ...
    @property
    def json(self) -> Any: ...
    @property
    def form(self) -> MultiDict[str] | None: ...
    def after_request(self, f: _F) -> _F: ...
    def after_response(self, f: _F) -> _F: ...
    def vary(self, name: str) -> None: ...
