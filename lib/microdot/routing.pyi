from collections.abc import Callable
from typing import Any

class URLPattern:
    segment_patterns: dict[str, str]
    """For each type the regular expression of what it stands for."""
    segment_parsers: dict[str, Callable[[str], Any] | None]
    """For each type the function that converts what was matched, or ``None``."""
    url_pattern: str
    """The pattern; leading slashes do not matter."""
    segments: list[Any] | None
    """What ``compile`` has made of the pattern, ``None`` before."""
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
