from collections.abc import Mapping
from typing import Any, NoReturn

class HTTPException(Exception):
    headers: Mapping[str, Any] | tuple[()]
    status_code: int
    reason: str
    def __init__(self, status_code: int, reason: str | None = None) -> None: ...

class ClientError(ValueError):
    status_code: int
    def __init__(self, status_code: int) -> None: ...

def abort(status_code: int, reason: str | None = None) -> NoReturn: ...
