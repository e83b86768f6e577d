from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol, TypedDict

from typing_extensions import Self, Unpack

from .application import _Body
from .datastructures import NoCaseDict

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
    send_file_buffer_size: int
    default_content_type: str
    default_send_file_max_age: int | None
    already_handled: Response

    status_code: int
    reason: str | None
    headers: NoCaseDict[Any]
    body: Any
    is_head: bool

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
    async def write(self, stream: _Writer) -> None: ...
    def body_iter(self) -> AsyncIterator[Any]: ...

def to_response(value: Any) -> Response: ...
