from os import PathLike
from types import ModuleType
from typing import Any

from .request import Request
from .response import Response

class Static:
    source: Any
    index: str | None
    max_age: int | None
    immutable: bool
    compressed: bool
    charset: str | None
    hidden: bool
    def __init__(
        self,
        source: str | PathLike[str] | ModuleType,
        index: str | None = 'index.html',
        max_age: int | None = None,
        immutable: bool = False,
        compressed: bool = True,
        charset: str | None = 'UTF-8',
        hidden: bool = False,
        follow_links: bool = False,
    ) -> None: ...
    async def serve(self, request: Request, path: str = '') -> Response: ...

def is_safe(name: str, hidden: bool = False) -> bool: ...
