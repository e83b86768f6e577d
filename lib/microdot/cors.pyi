from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .application import Microdot
from .request import Request
from .response import Response

class CORS:
    allowed_origins: Iterable[str] | str | None
    allow_credentials: bool
    allowed_methods: Iterable[str] | str | None
    expose_headers: Iterable[str] | str | None
    allowed_headers: Iterable[str] | str | None
    max_age: int | None
    default_options_handler: Callable[[Request], Mapping[str, Any]] | None
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
    ) -> None: ...
    def initialize(self, app: Microdot, handle_cors: bool = True) -> None: ...
    def get_cors_headers(self, request: Request) -> dict[str, str]: ...
    def options_handler(self, request: Request) -> dict[str, str]: ...
    def after_request(self, request: Request | None, response: Response) -> None: ...
