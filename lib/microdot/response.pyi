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
    def redirect(cls, location: str, status_code: int = 302) -> Self:
        """Return a response that sends the client elsewhere.

        :param location: the URL; what is not ASCII, and blanks, are percent-encoded.
        :param status_code: the status, 302 (Found) by default.

        Raises ``ValueError`` for a line break in the location.
        """
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
    ) -> Self:
        """Return a response with the content of a file.

        The name is trusted: a handler that makes it out of a URL has to check it first.

        :param filename: the path of the file.
        :param status_code: the status.
        :param content_type: the content type; ``None`` derives it from the extension.
        :param stream: a file-like object to send instead of opening the file.
        :param max_age: seconds that caches may keep it; ``None`` for the class's default.
        :param compressed: true if the file is compressed with gzip, or the name of its encoding.
        :param file_extension: appended to the name of the file that is opened, as ``'.gz'``.

        Raises ``OSError``; a missing file, if nobody handles that, is answered with 404.
        """
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
    ) -> None:
        """Add a ``Set-Cookie`` header (RFC 6265).

        :param cookie: the name, a token.
        :param value: the value, a str.
        :param path: the path the cookie is sent to.
        :param domain: the domain the cookie is sent to.
        :param expires: a ``datetime`` (UTC unless it has a time zone) or a date as str.
        :param max_age: the lifetime in seconds.
        :param secure: send it over TLS alone.
        :param http_only: hide it from scripts.
        :param partitioned: keep it apart for each top-level site.
        :param same_site: ``'Strict'``, ``'Lax'`` or ``'None'``.

        Raises ``ValueError`` for anything that would end the value or an attribute early.
        """
    def delete_cookie(self, cookie: str, **kwargs: Unpack[_CookieOptions]) -> None:
        """Add a ``Set-Cookie`` header that makes the client forget a cookie.

        :param cookie: the name.
        :param kwargs: the options that the cookie was set with; its lifetime is left out.
        """
    def complete(self) -> None:
        """Add the headers that describe the body, unless the handler gave them."""
    async def write(self, stream: _Writer) -> None:
        """Write the response as HTTP/1.0 does: until the end of the connection.

        The framework's own server frames bodies by the version of the request instead.

        :param stream: an object with a coroutine method ``awrite(data)``.
        """
    def body_iter(self) -> AsyncIterator[Any]:
        """Return an asynchronous iterator over the parts of the body."""

def to_response(value: Any) -> Response: ...
