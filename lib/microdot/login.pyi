from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from .application import _Handled
from .request import Request
from .response import Response

_P = ParamSpec('_P')
_F = TypeVar('_F', bound=Callable[[Any], Any])

class _User(Protocol):
    @property
    def id(self) -> Any: ...

class Login:
    login_url: str
    """Where those who are not logged in are sent."""
    user_loader_callback: Callable[[Any], Any] | None
    """The function that ``user_loader`` has decorated."""
    user_version_callback: Callable[[Any], Any] | None
    """The function that ``user_version`` has decorated."""
    def __init__(self, login_url: str = '/login') -> None: ...
    def user_loader(self, f: _F) -> _F: ...
    def user_version(self, f: _F) -> _F: ...
    async def login_user(
        self,
        request: Request,
        user: _User,
        remember: bool | int = False,
        redirect_url: str = '/',
    ) -> Response: ...
    async def logout_user(self, request: Request) -> None: ...
    async def get_current_user(self, request: Request) -> Any: ...
    def __call__(
        self, f: Callable[Concatenate[Request, _P], _Handled]
    ) -> Callable[Concatenate[Request, _P], Awaitable[Any]]: ...
    def fresh(
        self, f: Callable[Concatenate[Request, _P], _Handled]
    ) -> Callable[Concatenate[Request, _P], Awaitable[Any]]: ...
