from collections.abc import Callable
from typing import Any, TypeVar

from .application import Microdot
from .cors import CORS

_F = TypeVar('_F', bound=Callable[..., Any])

class CSRF:
    SAFE_METHODS: list[str]
    cors: CORS | None
    """A ``CORS`` object; the origins that it lists may send anything. ``'*'`` lists none."""
    protect_all: bool
    """Whether routes for other methods than ``SAFE_METHODS``, and WebSockets, are protected
    unless they are exempt.
    """
    allow_subdomains: bool
    """Whether subdomains of the own host and of listed origins may send. A request that is
    ``same-site`` and names no origin is taken for one of theirs.
    """
    exempt_routes: list[Callable[..., Any]]
    """The functions that ``exempt`` has decorated."""
    protected_routes: list[Callable[..., Any]]
    """The functions that ``protect`` has decorated."""
    def __init__(
        self,
        app: Microdot | None = None,
        cors: CORS | None = None,
        protect_all: bool = True,
        allow_subdomains: bool = False,
    ) -> None: ...
    def initialize(self, app: Microdot, cors: CORS | None = None) -> None: ...
    def exempt(self, f: _F) -> _F: ...
    def protect(self, f: _F) -> _F: ...
