from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeAlias

from .application import Microdot, _Handled
from .request import Request
from .response import Response

_P = ParamSpec('_P')
_Key: TypeAlias = str | bytes | Sequence[str | bytes]

class SessionDict(dict[str, Any]):
    request: Request
    """The request it came with."""
    def __init__(self, request: Request, session_dict: Mapping[str, Any]) -> None: ...
    def save(self) -> None: ...
    def delete(self) -> None: ...

class Session:
    secret_key: _Key | None
    """Str or bytes, at least 32 of them and random; or a list of keys, of which the first signs
    and all verify, so that a key can be replaced without ending sessions.
    """
    cookie_options: dict[str, Any]
    """A dictionary of options for ``set_cookie``. Unless it says otherwise the cookie is for the
    path ``'/'``, hidden from scripts (``http_only``), left out of most requests from other
    sites (``same_site='Lax'``), and ``secure`` if the request came by TLS.
    """
    lifetime: int | None
    """Seconds after its last save that a session expires; ``None`` for never, with a cookie that
    lasts as long as the browser runs. It takes the key ``exp`` of sessions.
    """
    def __init__(
        self,
        app: Microdot | None = None,
        secret_key: _Key | None = None,
        cookie_options: Mapping[str, Any] | None = None,
        lifetime: int | None = None,
    ) -> None: ...
    def initialize(
        self,
        app: Microdot,
        secret_key: _Key | None = None,
        cookie_options: Mapping[str, Any] | None = None,
        lifetime: int | None = None,
    ) -> None: ...
    def get(self, request: Request) -> SessionDict: ...
    def update(self, request: Request, session: Mapping[str, Any]) -> None: ...
    def delete(self, request: Request) -> None: ...
    def send_cookie(
        self,
        request: Request,
        name: str,
        value: str | None,
        options: Mapping[str, Any] | tuple[()] = (),
    ) -> None: ...
    def keys(self, secret_key: _Key | None = None) -> list[bytes]: ...
    def encode(self, payload: Mapping[str, Any], secret_key: _Key | None = None) -> str: ...
    def decode(
        self, token: str | bytes | None, secret_key: _Key | None = None
    ) -> dict[str, Any]: ...

def set_cookies(request: Request | None, response: Response) -> None: ...
def with_session(
    f: Callable[Concatenate[Request, SessionDict, _P], _Handled],
) -> Callable[Concatenate[Request, _P], Awaitable[Any]]: ...
