from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from .application import Microdot

_F = TypeVar('_F', bound=Callable[..., Any])

def hide(f: _F) -> _F: ...
def describe(
    summary: str | None = None,
    description: str | None = None,
    query: Any = None,
    body: Any = None,
    responses: Mapping[int | str, Any] | Mapping[int, Any] | Mapping[str, Any] | None = None,
    **operation: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...

class OpenAPI:
    app: Microdot
    """The application, which gets the two routes."""
    info: dict[str, Any]
    """The OpenAPI Info Object: a dictionary with ``title`` and ``version``."""
    components: dict[str, Any]
    """The OpenAPI Components Object without the schemas that are found."""
    members: dict[str, Any]
    """More of an OpenAPI Object, such as ``servers=[{'url': '...'}]``,
    ``components={'securitySchemes': {...}}``, or ``info={'description': '...'}``.
    """
    schemas: dict[str, dict[str, Any]]
    """A dictionary of those that have a name: each stands once in the document, which refers to
    it wherever that very dictionary is used. Clients that are made of the document call their
    types so.
    """
    file: str | None
    """The path of a file that has the document, made beforehand by ``python -m
    microdot.openapi``, to be sent in its place.
    """
    path: str | None
    """The path of the document, ``None`` for none."""
    page: str | None
    """The path of the page, ``None`` for none."""
    def __init__(
        self,
        app: Microdot,
        title: str = 'API',
        version: str = '1.0',
        path: str | None = '/openapi.json',
        page: str | None = '/docs',
        schemas: dict[str, dict[str, Any]] | None = None,
        file: str | None = None,
        **members: Any,
    ) -> None: ...
    def root_from(self, page: str) -> str: ...
    def pieces(self, prefix: str = '') -> Iterator[str]: ...
