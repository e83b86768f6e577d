"""What is done after a response: the line of debug mode, and ``Request.after_response``."""

from .compat import invoke_handler, print_exception
from .response import raise_end
from .urlencoded import quote


async def finish(request, response):
    """Print the line of a request, in debug mode, and run what is to come after the response."""
    if not request:
        return
    if request.app.debug:
        print(request.method, quote(request.path), response.status_code)
    if request._after_response:
        if request.connection:
            request.connection.reading = True  # nobody looks now whether the client has left
        for f in request._after_response:
            try:
                await invoke_handler(f, request, response)
            except BaseException as exc:
                raise_end(exc)
                print_exception(exc)
        if request.connection:
            request.connection.reading = False
