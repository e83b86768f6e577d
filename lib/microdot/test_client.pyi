from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, ClassVar, TypeAlias, TypedDict

from typing_extensions import Self, Unpack

from .application import Microdot
from .response import Response
from .test_client_connection import Connection
from .test_client_stream import Stream, _Event

__all__ = ('TestClient', 'TestResponse')

_Headers: TypeAlias = Mapping[str, Any]
_Fields: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]
_Body: TypeAlias = bytes | str | dict[Any, Any] | list[Any] | None

class _StreamOptions(TypedDict, total=False):
    json: Any
    form: _Fields
    files: _Fields
    query: _Fields
    auth: tuple[str, str]

class _Options(_StreamOptions, total=False):
    follow_redirects: bool

class _WithBody(_Options, total=False):
    body: _Body
    sock: Any

class TestResponse:
    __test__: ClassVar[bool]
    """False, so that pytest does not take the class for tests."""
    # None stands for what a response lacks; Any, as a test knows what its own has.
    status_code: int | Any
    reason: str | None
    headers: Mapping[str, Any]
    body: bytes | Any
    text: str | Any
    json: Any
    events: list[_Event] | Any
    history: tuple[TestResponse, ...] | list[TestResponse]
    def __init__(self) -> None: ...
    @classmethod
    async def create(cls, response: Response, length: int | None = None) -> Self: ...

class TestClient:
    __test__: ClassVar[bool]
    """False, so that pytest does not take the class for tests."""
    app: Microdot
    """The application."""
    cookies: dict[str, Any]
    """A dictionary of cookies to begin with: by name the value, or (value, path)."""
    scheme: str | None
    """The scheme of the requests, ``'http'`` by default."""
    host: str
    """The value of ``Host``, ``'example.com:1234'`` by default."""
    def __init__(
        self,
        app: Microdot,
        cookies: dict[str, Any] | None = None,
        scheme: str | None = None,
        host: str | None = None,
    ) -> None: ...
    async def __aenter__(self) -> TestClient: ...
    async def __aexit__(self, *exc: object) -> None: ...
    async def request(
        self,
        method: str,
        path: str,
        headers: _Headers | None = None,
        body: _Body = None,
        sock: Any = None,
        **options: Unpack[_Options],
    ) -> TestResponse: ...
    async def get(
        self, path: str, headers: _Headers | None = None, **options: Unpack[_WithBody]
    ) -> TestResponse: ...
    async def head(
        self, path: str, headers: _Headers | None = None, **options: Unpack[_WithBody]
    ) -> TestResponse: ...
    async def options(
        self, path: str, headers: _Headers | None = None, **options: Unpack[_WithBody]
    ) -> TestResponse: ...
    async def post(
        self,
        path: str,
        headers: _Headers | None = None,
        body: _Body = None,
        **options: Unpack[_Options],
    ) -> TestResponse: ...
    async def put(
        self,
        path: str,
        headers: _Headers | None = None,
        body: _Body = None,
        **options: Unpack[_Options],
    ) -> TestResponse: ...
    async def patch(
        self,
        path: str,
        headers: _Headers | None = None,
        body: _Body = None,
        **options: Unpack[_Options],
    ) -> TestResponse: ...
    async def delete(
        self, path: str, headers: _Headers | None = None, **options: Unpack[_WithBody]
    ) -> TestResponse: ...
    async def query(
        self,
        path: str,
        headers: _Headers | None = None,
        body: _Body = None,
        **options: Unpack[_Options],
    ) -> TestResponse: ...
    def stream(
        self,
        method: str,
        path: str,
        headers: _Headers | None = None,
        body: _Body = None,
        timeout: float = 5,
        **options: Unpack[_StreamOptions],
    ) -> Stream: ...
    async def websocket(
        self,
        path: str,
        client: Callable[[], Generator[str | bytes | None, Any, Any]],
        headers: _Headers | None = None,
    ) -> TestResponse: ...
    def connect(
        self, path: str, headers: _Headers | None = None, timeout: float = 5
    ) -> Connection: ...
    def clock(self) -> float: ...
