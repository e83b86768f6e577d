from collections.abc import Callable
from typing import Any

class URLPattern:
    segment_patterns: dict[str, str]
    segment_parsers: dict[str, Callable[[str], Any] | None]
    url_pattern: str
    segments: list[Any] | None
    def __init__(self, url_pattern: str) -> None: ...
    @classmethod
    def register_type(
        cls,
        type_name: str,
        pattern: str = '[^/]+',
        parser: Callable[[str], Any] | None = None,
    ) -> None: ...
    def compile(self) -> list[Any]: ...
    def match(self, path: str) -> dict[str, Any] | None: ...
