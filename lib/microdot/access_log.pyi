from collections.abc import Callable
from typing import Any

from .application import Microdot
from .request import Request
from .response import Response

def access_log(
    app: Microdot, log: Callable[[Request | None, Response, int], Any] | None = None
) -> None:
    """Have a function called for each request, when its response has left.

    :param app: the application.
    :param log: ``f(request, response, milliseconds)``, a plain function that does not block; by
        default a line is printed. The request is ``None`` if it could not be parsed, and the time
        is that from the request's head to the end of its response. It is not called when the
        client leaves before that.
    """

def print_line(request: Request | None, response: Response, milliseconds: int) -> None:
    """Print the client, the request, the status, the length if it is known, and the time."""
