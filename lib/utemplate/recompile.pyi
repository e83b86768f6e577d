from os import PathLike

from . import source

class Loader(source.Loader):
    seen: dict[str, tuple[int, int] | None]
    def __init__(
        self, pkg: str | None, dir: str | PathLike[str], autoescape: bool = False
    ) -> None: ...
    def digest(self, name: str) -> tuple[int, int] | None: ...
