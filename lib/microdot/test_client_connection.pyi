from collections.abc import Mapping
from typing import Any

from typing_extensions import Self

from .test_client import TestClient, TestResponse

class Connection:
    accepted: bool | None
    response: TestResponse | None
    subprotocol: str | None
    close_code: int | None
    close_reason: str | None
    timeout: float
    """Seconds to wait for what the application does next."""
    def __init__(
        self,
        client: TestClient,
        path: str,
        headers: Mapping[str, Any] | None,
        timeout: float,
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> None: ...
    async def send(self, message: str | bytes) -> None: ...
    async def receive(self) -> str | bytes: ...
    async def close(self, code: int = 1000, reason: str = '') -> None: ...
