from collections.abc import AsyncIterator, Callable, Iterator
from os import PathLike
from typing import Any, Protocol

class _Loader(Protocol):
    def load(self, name: str, /) -> Callable[..., Iterator[str]]: ...

class Template:
    part_size: int
    """Output is collected into parts of at least this many characters."""
    name: str
    template: Callable[..., Iterator[str]]
    """Its name, relative to the folder of templates."""
    @classmethod
    def initialize(
        cls,
        template_dir: str | PathLike[str] = 'templates',
        loader_class: Callable[..., _Loader] | None = None,
        autoescape: bool = False,
    ) -> None: ...
    def __init__(self, template: str, loader: _Loader | None = None) -> None: ...
    def generate(self, *args: Any, **kwargs: Any) -> Iterator[str]: ...
    def render(self, *args: Any, **kwargs: Any) -> str: ...
    def generate_async(self, *args: Any, **kwargs: Any) -> AsyncIterator[str]: ...
    async def render_async(self, *args: Any, **kwargs: Any) -> str: ...
