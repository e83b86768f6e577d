from collections.abc import AsyncIterator, Iterator
from os import PathLike
from typing import Any

class Template:
    jinja_env: Any  # a jinja2.Environment, which need not be installed for these types
    """The Jinja environment, once there is one."""
    name: str
    template: Any
    """Its name."""
    @classmethod
    def initialize(
        cls,
        template_dir: str | PathLike[str] = 'templates',
        enable_async: bool = False,
        **kwargs: Any,
    ) -> None: ...
    def __init__(self, template: str, **kwargs: Any) -> None: ...
    def render(self, *args: Any, **kwargs: Any) -> str: ...
    def generate(self, *args: Any, **kwargs: Any) -> Iterator[str]: ...
    async def render_async(self, *args: Any, **kwargs: Any) -> str: ...
    def generate_async(self, *args: Any, **kwargs: Any) -> AsyncIterator[str]: ...
