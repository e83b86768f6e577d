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
    """``'http'`` or ``'https'``."""
    url: str
    """The target as sent, the path and the query string."""
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
    """The dictionary of the path's arguments."""
    g: Any
    """An object for the application's own data about the request."""
    sock: Any
    """The pair (reader, writer) of the connection."""
    body: bytes
    """The whole body as bytes, or ``None``."""
    body_used: bool
    """Always ``False``."""
    stream: _BodyReader
    """The body as a stream: the connection's for a large body, else one over ``body``."""
    json: Any
    """The parsed JSON body, ``None`` if the content type is another.

    Raises ``ValueError``, answered with 400 if nobody handles it, for malformed JSON.
    """
    form: MultiDict[str] | None
    """The ``MultiDict`` of a form, ``None`` if the content type is another."""
    files: FormDict[FileUpload] | None
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
    @staticmethod
    async def create(
        app: Microdot,
        client_reader: _HeadReader,
        client_writer: Any,
        client_addr: Any,
        scheme: str | None = None,
    ) -> Request | None:
        """Read a request from a stream.

        :param app: the application.
        :param client_reader: a stream with ``readline()`` and ``readexactly(n)``.
        :param client_writer: the stream to write to; it is only kept.
        :param client_addr: the address of the client.
        :param scheme: ``'http'`` or ``'https'``.

        Returns ``None`` at the end of the stream. Raises ``ValueError`` for a malformed head.
        """
    def after_request(self, f: _F) -> _F:
        """Register ``f(request, response)`` to run after the handler of this request alone.

        It runs after the application's own after-request handlers, and not for error responses.
        """
    def vary(self, name: str) -> None:
        """Note that the response depends on a header of the request, for its own ``Vary``.

        :param name: the name of the header.
        """
