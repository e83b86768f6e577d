from collections.abc import Iterator

from .request import Request

async def error_page(
    request: Request, exc: BaseException
) -> tuple[Iterator[str], int, dict[str, str]] | None:
    """Return the response about an exception, or ``None`` if this client is not to see it.

    It is a handler of exceptions as for ``errorhandler``: ``None`` leaves the status 500, with its
    handler, to the application.

    :param request: the request.
    :param exc: the exception. For a ``MemoryError`` there is no page.
    """
