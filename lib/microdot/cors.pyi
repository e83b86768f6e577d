from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .application import Microdot
from .request import Request
from .response import Response

class CORS:
    allowed_origins: Iterable[str] | str | None
    """The list of origins, each as in ``'https://example.com:8080'``, or ``'*'`` for all."""
    allow_credentials: bool
    """Let scripts send cookies and log-ins. With ``allowed_origins='*'`` every site may then act
    for the user: list the origins instead.
    """
    allowed_methods: Iterable[str] | str | None
    """The list of methods; ``None`` for all."""
    expose_headers: Iterable[str] | str | None
    """The list of response headers that scripts may read."""
    allowed_headers: Iterable[str] | str | None
    """The list of headers that scripts may send; ``None`` for all."""
    max_age: int | None
    """The seconds that a browser may keep the answer to a preflight."""
    vary_always: bool
    """Name ``Origin`` in the ``Vary`` of every response, not only of those that allow one. A
    cache shared by several users needs it (Fetch standard, section 3.2.5).
    """
    default_options_handler: Callable[[Request], Mapping[str, Any]] | None
    """What made the headers of answers to ``OPTIONS`` before; these headers are added to its
    own.
    """
    def __init__(
        self,
        app: Microdot | None = None,
        allowed_origins: Iterable[str] | str | None = None,
        allow_credentials: bool = False,
        allowed_methods: Iterable[str] | str | None = None,
        expose_headers: Iterable[str] | str | None = None,
        allowed_headers: Iterable[str] | str | None = None,
        max_age: int | None = None,
        handle_cors: bool = True,
        vary_always: bool = False,
    ) -> None: ...
    def initialize(self, app: Microdot, handle_cors: bool = True) -> None: ...
    def get_cors_headers(self, request: Request) -> dict[str, str]: ...
    def options_handler(self, request: Request) -> dict[str, str]: ...
    def after_request(self, request: Request | None, response: Response) -> None: ...
