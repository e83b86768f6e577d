from asyncio import Server
from collections.abc import (
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
)
from os import PathLike
from ssl import SSLContext
from types import ModuleType
from typing import Any, Concatenate, Literal, NoReturn, Protocol, TypeAlias, TypeVar, overload

from .request import Request
from .response import Response
from .routing import URLPattern
from .static import Static

class _File(Protocol):
    def read(self, n: int, /) -> Any: ...

_Body: TypeAlias = (
    str
    | bytes
    | bytearray
    | memoryview
    | dict[Any, Any]
    | list[Any]
    | Iterable[str | bytes]
    | AsyncIterable[str | bytes]
    | _File
    | None
)
_Headers: TypeAlias = Mapping[str, Any]
# What a handler may return: a body, a status, or either with more.
_Result: TypeAlias = (
    Response
    | _Body
    | int
    | tuple[_Body]
    | tuple[_Body, int]
    | tuple[_Body, _Headers]
    | tuple[_Body, int, _Headers]
    | tuple[int, _Headers]
)
# ... at once or by a coroutine.
_Handled: TypeAlias = _Result | Awaitable[_Result]
_Handler: TypeAlias = Callable[Concatenate[Request, ...], _Handled]
_BeforeHandler: TypeAlias = Callable[[Request], _Handled]
_AfterHandler: TypeAlias = Callable[[Request, Response], _Handled]
_AfterErrorHandler: TypeAlias = (
    Callable[[Request | None, Response], _Handled] | Callable[[Request, Response], _Handled]
)

_R = TypeVar('_R', bound=_Handler)
_B = TypeVar('_B', bound=_BeforeHandler)
_A = TypeVar('_A', bound=_AfterHandler)
_AE = TypeVar('_AE', bound=_AfterErrorHandler)
_S = TypeVar('_S', bound=Callable[[Request], _Handled])
_E = TypeVar('_E', bound=Exception)
_H = TypeVar('_H', bound=_Handled)
_Handles: TypeAlias = Callable[[Request, _E], _H]

class Microdot:
    ssl: SSLContext | Literal[False] | None
    """Whether the server speaks TLS, and whether it prints a line for each request."""
    debug: bool
    """Whether the server speaks TLS, and whether it prints a line for each request."""
    server: Server | None
    """The asyncio server, while the application runs."""
    before_request_handlers: list[_BeforeHandler]
    """The functions registered by ``before_request``."""
    after_request_handlers: list[_AfterHandler]
    """The functions registered by ``after_request``."""
    after_error_request_handlers: list[_AfterErrorHandler]
    """The functions registered by ``after_error_request``."""
    error_handlers: dict[int | type[Exception], Callable[..., _Handled]]
    """The functions registered by ``errorhandler``, by status or class of exceptions."""
    options_handler: Callable[[Request], Mapping[str, Any]] | None
    """Called for OPTIONS requests without a route of their own; ``None`` switches it off."""
    url_map: list[tuple[list[str], URLPattern, Callable[..., Any], str, Microdot | None]]
    """The routes: tuples (methods, ``URLPattern``, function, prefix, sub-application)."""

    def __init__(self) -> None: ...
    def route(
        self,
        url_pattern: str,
        methods: list[str] | tuple[str, ...] | None = None,
        prefix: str = '',
        subapps: tuple[Microdot, ...] = (),
    ) -> Callable[[_R], _R]:
        """Decorate the function that handles a URL.

        :param url_pattern: the pattern of its path, see ``URLPattern``.
        :param methods: the list of methods, ``['GET']`` by default.
        :param prefix: the part of the pattern that ``mount`` has added.
        :param subapps: the mounted applications the route comes from, the innermost last.

        The function gets the request and the arguments of the path, and returns a ``Response``, a
        body, a status, or a tuple of body, status and headers.
        """
    def get(self, url_pattern: str) -> Callable[[_R], _R]:
        """Decorate the function that handles GET requests of a URL."""
    def post(self, url_pattern: str) -> Callable[[_R], _R]:
        """Decorate the function that handles POST requests of a URL."""
    def put(self, url_pattern: str) -> Callable[[_R], _R]:
        """Decorate the function that handles PUT requests of a URL."""
    def patch(self, url_pattern: str) -> Callable[[_R], _R]:
        """Decorate the function that handles PATCH requests of a URL."""
    def delete(self, url_pattern: str) -> Callable[[_R], _R]:
        """Decorate the function that handles DELETE requests of a URL."""
    def query(self, url_pattern: str) -> Callable[[_R], _R]:
        """Decorate the function that handles QUERY requests of a URL."""
    def before_request(self, f: _B) -> _B:
        """Decorate ``f(request)``, called before each route; a truthy result replaces the route."""
    def after_request(self, f: _A) -> _A:
        """Decorate ``f(request, response)``, called after each route; it may return a response."""
    def after_error_request(self, f: _AE) -> _AE:
        """Decorate ``f(request, response)``, called for each error response.

        The request is ``None`` if it could not be parsed.
        """
    @overload
    def errorhandler(self, status_code_or_exception_class: int) -> Callable[[_S], _S]:
        """Decorate the handler of a status, ``f(request)``, or an exception, ``f(request, exc)``.

        :param status_code_or_exception_class: an int, or a class of exceptions.
        """
    @overload
    def errorhandler(
        self, status_code_or_exception_class: type[_E]
    ) -> Callable[[_Handles[_E, _H]], _Handles[_E, _H]]: ...
    def mount(self, subapp: Microdot, url_prefix: str = '', local: bool = False) -> None:
        """Add the routes that another application has now.

        :param subapp: the other application.
        :param url_prefix: put before the paths of its routes.
        :param local: keep its handlers to its own routes, instead of taking them over for all.
        """
    def static(
        self,
        prefix: str,
        source: str | PathLike[str] | ModuleType,
        *,
        index: str | None = 'index.html',
        max_age: int | None = None,
        immutable: bool = False,
        compressed: bool = True,
        charset: str | None = 'UTF-8',
        hidden: bool = False,
        follow_links: bool = False,
    ) -> Static:
        """Serve the files of a directory, or resources frozen into firmware, for GET and HEAD.

        It takes all the paths below the prefix that no route registered before has.

        :param prefix: the path of the URLs, such as ``'/static'``, or ``'/'``.
        :param source: the path of the directory, or the module of the resources.
        :param options: see ``microdot.static.Static``, of which the object is returned.

        Raises ``OSError`` without such a directory, ``ValueError`` for a prefix with arguments.
        """
    @staticmethod
    def abort(status_code: int, reason: str | None = None) -> NoReturn:
        """End the request with an error response; see ``microdot.abort``."""
    def find_route(
        self, req: Request
    ) -> tuple[Callable[..., Any] | dict[str, str] | int, str, Microdot | None]:
        """Find the route of a request, and set ``req.url_args``.

        Returns (function, prefix, sub-application); in place of the function there may be the
        dictionary of headers that answers OPTIONS, or the status 404 or 405.
        """
    def default_options_handler(self, req: Request) -> dict[str, str]:
        """Return the ``Allow`` header of a request's path, for all paths if that is ``*``."""
    def get_request_handlers(
        self,
        req: Request | None,
        attr: Literal['before_request', 'after_request', 'after_error_request'],
        local_first: bool = True,
    ) -> list[Callable[..., Any]]:
        """Return the handlers that take part in a request, in the order they run.

        :param req: the request.
        :param attr: ``'before_request'``, ``'after_request'`` or ``'after_error_request'``.
        :param local_first: those of the innermost sub-application first, else the application's.
        """
    async def error_response(
        self, req: Request | None, status_code: int, reason: str | None = None
    ) -> _Result:
        """Return what the handler of a status makes of it, or the tuple (reason, status).

        :param req: the request, or ``None`` for one that could not be parsed.
        :param status_code: the status.
        :param reason: the text of the response when there is no handler.
        """
    async def dispatch_request(self, req: Request | None) -> Response:
        """Handle a request and return its response; no exception but ``BaseException`` leaves.

        :param req: the request, or ``None`` for one that could not be parsed.
        """
    @overload
    async def start_server(
        self,
        host: str = '0.0.0.0',
        port: int = 5000,
        debug: bool = False,
        ssl: SSLContext | None = None,
        start_serving: Literal[True] = True,
    ) -> None:
        """Serve the application until ``shutdown()`` is called.

        :param host: the address to listen on.
        :param port: the port to listen on.
        :param debug: print a line for the start and for each request.
        :param ssl: an ``ssl.SSLContext``; with one the server speaks TLS alone.
        :param start_serving: ``False`` (CPython only) returns the asyncio server at once, for the
            caller to await its ``serve_forever()``.

        Raises ``OSError`` if it cannot listen, ``ValueError`` for a bad route or an argument that
        the platform does not support. Cancelling it closes every connection.
        """
    @overload
    async def start_server(
        self,
        host: str = '0.0.0.0',
        port: int = 5000,
        debug: bool = False,
        ssl: SSLContext | None = None,
        *,
        start_serving: Literal[False],
    ) -> Server: ...
    def run(
        self,
        host: str = '0.0.0.0',
        port: int = 5000,
        debug: bool = False,
        ssl: SSLContext | None = None,
    ) -> None:
        """Serve the application from a new event loop until ``shutdown()`` is called.

        The parameters are those of ``start_server``.
        """
    def shutdown(self) -> None:
        """Stop serving: running requests are answered, then ``start_server`` returns.

        Callable from a handler. Does nothing when the application does not run.
        """
    async def handle_request(self, reader: Any, writer: Any) -> None:
        """Serve one connection until it ends.

        :param reader: the stream of the client.
        :param writer: the stream to the client.
        """
