from collections.abc import Mapping
from typing import Any, NoReturn

class HTTPException(Exception):
    headers: Mapping[str, Any] | tuple[()]
    """Headers for the response, unless the handler of the status gives it others."""
    status_code: int
    """The status of the response."""
    reason: str
    """The text of the response, by default ``'<status_code> error'``."""
    def __init__(self, status_code: int, reason: str | None = None) -> None: ...

class ClientError(ValueError):
    status_code: int
    """The status of the response."""
    def __init__(self, status_code: int) -> None: ...

def abort(status_code: int, reason: str | None = None) -> NoReturn: ...
