from asyncio import Server
from collections.abc import (
    AsyncIterable,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
)
from os import PathLike
from ssl import SSLContext
from types import ModuleType
from typing import Any, Concatenate, Literal, NoReturn, Protocol, TypeAlias, TypeVar, overload

from .lifespan import Task
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
_F = TypeVar('_F', bound=Callable[[], Any])
_E = TypeVar('_E', bound=Exception)
_H = TypeVar('_H', bound=_Handled)
_Handles: TypeAlias = Callable[[Request, _E], _H]

class Microdot:
    ssl: SSLContext | Literal[False] | None
    """The ``ssl.SSLContext``, ``False`` if the server does not speak TLS."""
    debug: bool | str
    """Whether a line is printed for each request, and exceptions are shown to browsers."""
    server: Server | None
    """The listening server, while the application runs."""
    allowed_hosts: Iterable[str] | str | None
    """The host names that requests may be for, without ports; others are answered with 421. IP
    addresses and ``localhost`` are always allowed. ``None`` for any name.
    """
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
        methods: list[str] | tuple[str, ...] | str | None = None,
    ) -> Callable[[_R], _R]: ...
    def get(self, url_pattern: str) -> Callable[[_R], _R]: ...
    def post(self, url_pattern: str) -> Callable[[_R], _R]: ...
    def put(self, url_pattern: str) -> Callable[[_R], _R]: ...
    def patch(self, url_pattern: str) -> Callable[[_R], _R]: ...
    def delete(self, url_pattern: str) -> Callable[[_R], _R]: ...
    def query(self, url_pattern: str) -> Callable[[_R], _R]: ...
    def before_request(self, f: _B) -> _B: ...
    def after_request(self, f: _A) -> _A: ...
    def after_error_request(self, f: _AE) -> _AE: ...
    def on_startup(self, f: _F) -> _F: ...
    def on_shutdown(self, f: _F) -> _F: ...
    def create_task(
        self, f: Callable[[], Any] | Coroutine[Any, Any, Any], restart: bool = False
    ) -> Task: ...
    @overload
    def errorhandler(self, status_code_or_exception_class: int) -> Callable[[_S], _S]: ...
    @overload
    def errorhandler(
        self, status_code_or_exception_class: type[_E]
    ) -> Callable[[_Handles[_E, _H]], _Handles[_E, _H]]: ...
    def mount(self, subapp: Microdot, url_prefix: str = '', local: bool = False) -> None: ...
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
    ) -> Static: ...
    @staticmethod
    def abort(status_code: int, reason: str | None = None) -> NoReturn: ...
    def find_route(
        self, req: Request
    ) -> tuple[Callable[..., Any] | dict[str, str] | int, str, Microdot | None]: ...
    def default_options_handler(self, req: Request) -> dict[str, str]: ...
    def get_request_handlers(
        self,
        req: Request | None,
        attr: Literal['before_request', 'after_request', 'after_error_request'],
        local_first: bool = True,
    ) -> list[Callable[..., Any]]: ...
    async def error_response(
        self, req: Request | None, status_code: int, reason: str | None = None
    ) -> _Result: ...
    async def dispatch_request(self, req: Request | None) -> Response: ...
    @overload
    async def start_server(
        self,
        host: str = '0.0.0.0',
        port: int = 5000,
        debug: bool | str = False,
        ssl: SSLContext | None = None,
        start_serving: Literal[True] = True,
    ) -> None:
        """Serve the application until ``shutdown()`` is called.

        :param host: the address to listen on; ``''`` for all.
        :param port: the port to listen on.
        :param debug: print a line for the start and for each request, and show exceptions to
            browsers on this machine; ``'network'`` shows them to those at private addresses, too.
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
        debug: bool | str = False,
        ssl: SSLContext | None = None,
        *,
        start_serving: Literal[False],
    ) -> Server: ...
    def run(
        self,
        host: str = '0.0.0.0',
        port: int = 5000,
        debug: bool | str = False,
        ssl: SSLContext | None = None,
    ) -> None:
        """Serve the application from a new event loop until ``shutdown()`` is called.

        The parameters are those of ``start_server``. Nothing of it is left open, however it ends.

        Raises what ``start_server`` raises, but for a port that is taken: in a program that a shell
        has started, that is a line and the exit status 1.
        """
    def shutdown(self) -> None:
        """Stop serving: running requests are answered, then ``start_server`` returns.

        Callable from a handler. Does nothing when the application does not run.
        """
    async def handle_request(self, reader: Any, writer: Any) -> None:
        """Serve one connection until it ends.

        An application that overrides it, to do something before or after, serves one request a
        connection.

        :param reader: the stream of the client.
        :param writer: the stream to the client.
        """
