from collections.abc import AsyncIterator, Mapping
from typing import Any, TypedDict

from typing_extensions import Self

from .test_client import TestClient, _Body, _StreamOptions

class _Event(TypedDict):
    data: bytes
    data_json: Any
    event: str | None
    event_id: str | None
    retry: float | None

class Stream:
    status_code: int | None
    reason: str | None
    headers: Mapping[str, Any]
    timeout: float
    """Seconds to wait for the next part."""
    def __init__(
        self,
        client: TestClient,
        method: str,
        path: str,
        headers: Mapping[str, Any] | None,
        body: _Body,
        timeout: float,
        options: _StreamOptions,
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> None: ...
    async def aclose(self) -> None: ...
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> bytes: ...
    def events(self, limit: int | None = None) -> AsyncIterator[_Event]: ...
