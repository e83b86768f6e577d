from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

from .application import _Handled
from .guard import Guard
from .request import Request

_P = ParamSpec('_P')
_F = TypeVar('_F', bound=Callable[..., Any])
_B = TypeVar('_B', bound=Callable[[Request, str, str], Any])
_T = TypeVar('_T', bound=Callable[[Request, str], Any])
_E = TypeVar('_E', bound=Callable[[Request], _Handled])
_Route = Callable[Concatenate[Request, _P], _Handled]
_Protected = Callable[Concatenate[Request, _P], Awaitable[Any]]

class BaseAuth:
    auth_callback: Callable[..., Any] | None
    error_callback: Callable[[Request], Any] | None
    guard: Guard | None
    def authenticate(self, f: _F) -> _F: ...
    def __call__(self, f: _Route[_P]) -> _Protected[_P]: ...
    def optional(self, f: _Route[_P]) -> _Protected[_P]: ...

class BasicAuth(BaseAuth):
    realm: str
    """What the user is to log in to; shown by some browsers. Anything but a str gives the
    default.
    """
    charset: str
    """The encoding that browsers are asked to use; UTF-8 is what is understood."""
    scheme: str
    """The scheme of the challenge; one that browsers do not know keeps them from opening their
    dialog.
    """
    error_status: int
    """The status of the challenge."""
    def __init__(
        self,
        realm: str = 'Please login',
        charset: str = 'UTF-8',
        scheme: str = 'Basic',
        error_status: int = 401,
        guard: Guard | None = None,
    ) -> None: ...
    def authenticate(self, f: _B) -> _B:
        """Decorate ``f(request, *credentials)``, which returns the user, or something falsy."""
    async def authentication_error(self, request: Request) -> tuple[str, int, dict[str, str]]: ...

class TokenAuth(BaseAuth):
    header: str
    """The header with the token. In ``Authorization``, thus spelled, the scheme comes before it;
    the value of any other header is the token.
    """
    scheme: str
    """The scheme, compared without regard to case."""
    error_status: int
    """The status for requests without a user, for which the application may have a handler."""
    def __init__(
        self,
        header: str = 'Authorization',
        scheme: str = 'Bearer',
        error_status: int = 401,
        guard: Guard | None = None,
    ) -> None: ...
    def authenticate(self, f: _T) -> _T:
        """Decorate ``f(request, *credentials)``, which returns the user, or something falsy."""
    def errorhandler(self, f: _E) -> _E: ...
    async def authentication_error(self, request: Request) -> NoReturn: ...
