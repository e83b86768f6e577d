from collections.abc import Callable, Iterator
from os import PathLike
from typing import Any

FORMAT: int
MARK: str

class Loader:
    dir: str
    autoescape: bool
    loaded: dict[str, Callable[..., Iterator[str]]]
    def __init__(
        self, pkg: str | None, dir: str | PathLike[str], autoescape: bool = False
    ) -> None: ...
    def load(self, name: str) -> Callable[..., Iterator[str]]: ...
    def find(self, name: str) -> dict[str, Any]: ...
    def fits(self, names: dict[str, Any], name: str) -> bool: ...
