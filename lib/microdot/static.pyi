from os import PathLike
from types import ModuleType
from typing import Any

from .request import Request
from .response import Response

class Static:
    source: Any
    """The path of the directory, or the imported module that ``microdot-kit resources`` has
    made.
    """
    index: str | None
    """The name of the file that stands for its directory; ``None`` for none."""
    max_age: int | None
    """Seconds that caches may keep a file without asking; ``None`` for
    ``Response.default_send_file_max_age``.
    """
    immutable: bool
    """Tell caches that a file never changes while its name stays."""
    compressed: bool
    """Send ``name.gz`` in place of ``name`` to clients that accept gzip."""
    charset: str | None
    """The charset of text, JavaScript, JSON and SVG; ``None`` to name none."""
    hidden: bool
    """Serve names that start with a dot, too."""
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
