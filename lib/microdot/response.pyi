from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol, TypedDict

from typing_extensions import Self, Unpack

from .application import _Body
from .http1 import NoCaseDict

MUTED_SOCKET_ERRORS: list[int]

_SameSite = Literal['Strict', 'Lax', 'None']

class _Writer(Protocol):
    async def awrite(self, data: bytes, /) -> Any: ...

class _CookieOptions(TypedDict, total=False):
    path: str | None
    domain: str | None
    expires: datetime | str | None
    max_age: int | None
    secure: bool
    http_only: bool
    partitioned: bool
    same_site: _SameSite | None

class Response:
    types_map: dict[str, str]
    """Media types by file extension, for ``send_file``."""
    send_file_buffer_size: int
    """How many bytes of a file are read and sent at once."""
    default_content_type: str
    """The content type of a response that names none."""
    default_send_file_max_age: int | None
    """The ``max_age`` of ``send_file``, in seconds, when it is given none."""
    already_handled: Response
    """A response that needs no writing, as the handler has used the connection itself."""

    status_code: int
    """The status."""
    reason: str | None
    """The reason phrase, ``None`` for the standard one."""
    headers: NoCaseDict[Any]
    """The header fields, a ``NoCaseDict``; a list as value gives several lines."""
    body: Any
    """Str, bytes, a dict or list (sent as JSON), a file-like object, a generator or any other
    (asynchronous) iterable of str or bytes. ``None`` with status 200 makes it 204.
    """
    is_head: bool
    """Whether it answers ``HEAD``, so that its body is not sent."""

    def __init__(
        self,
        body: _Body = b'',
        status_code: int = 200,
        headers: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> None: ...
    @classmethod
    def redirect(cls, location: str, status_code: int = 302) -> Self: ...
    @classmethod
    def send_file(
        cls,
        filename: str,
        status_code: int = 200,
        content_type: str | None = None,
        stream: Any = None,
        max_age: int | None = None,
        compressed: bool | str = False,
        file_extension: str = '',
    ) -> Self: ...
    def set_cookie(
        self,
        cookie: str,
        value: str,
        path: str | None = None,
        domain: str | None = None,
        expires: datetime | str | None = None,
        max_age: int | None = None,
        secure: bool = False,
        http_only: bool = False,
        partitioned: bool = False,
        same_site: _SameSite | None = None,
    ) -> None: ...
    def delete_cookie(self, cookie: str, **kwargs: Unpack[_CookieOptions]) -> None: ...
    def complete(self) -> None: ...
    async def write(
        self, stream: _Writer, version: str | None = None, persistent: bool = False
    ) -> bool: ...
    def body_iter(self) -> AsyncIterator[Any]: ...

def to_response(value: Any, options: int) -> Response: ...
