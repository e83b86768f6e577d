from collections.abc import Awaitable, Callable
from os import PathLike
from typing import Any, Concatenate, ParamSpec, Protocol

from typing_extensions import Self

from .application import _Handled
from .request import Request

_P = ParamSpec('_P')

class _Sink(Protocol):
    def write(self, data: bytes, /) -> Any: ...

class FileUpload:
    max_memory_size: int
    """Uploads shorter than this, in bytes, are kept in memory by ``copy``."""
    directory: str | None
    """Where ``copy`` puts temporary files: a path, by default the system's directory for such,
    or where there is none, the current one.
    """
    filename: str
    """Its name, as sent: not to be trusted as a path."""
    content_type: str | None
    """Its media type, as sent, or ``None``."""
    def __init__(
        self,
        filename: str,
        content_type: str | None,
        read: Callable[[int], Awaitable[bytes]],
    ) -> None: ...
    async def read(self, n: int = -1) -> bytes: ...
    async def save(self, path_or_file: str | bytes | PathLike[str] | _Sink) -> None: ...
    async def copy(self, max_memory_size: int | None = None) -> Self: ...
    async def close(self) -> None: ...

class FormDataIter:
    buffer_size: int
    """How much of the body is read and parsed at once, in bytes; a larger one is faster."""
    max_parts: int
    """How many parts, fields and files, a form may have."""
    max_files: int
    """How many files a form may have."""
    max_field_size: int
    """Longest text field, in bytes."""
    max_fields_size: int
    """Longest text of all fields together, in bytes."""
    max_header_size: int
    """Longest header of a part, in bytes."""
    request: Request
    """The request."""
    def __init__(self, request: Request) -> None: ...
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> tuple[str, str | FileUpload]: ...

def with_form_data(
    f: Callable[Concatenate[Request, _P], _Handled],
) -> Callable[Concatenate[Request, _P], Awaitable[Any]]: ...
