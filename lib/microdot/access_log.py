"""A line for each request, or whatever a function makes of it::

    access_log(app)

An application that does not call it pays nothing for it.
"""

from .compat import ticks_diff, ticks_ms
from .dispatching import wrap_dispatch


def access_log(app, log=None):
    """Have a function called for each request, when its response has left.

    :param app: the application.
    :param log: ``f(request, response, milliseconds)``, a plain function that does not block; by
        default a line is printed. The request is ``None`` if it could not be parsed, and the time
        is that from the request's head to the end of its response. It is not called when the
        client leaves before that.
    """
    log = log or print_line

    async def logged(request, dispatch):
        begun = ticks_ms()
        response = await dispatch(request)

        async def after(request, response):
            log(request, response, ticks_diff(ticks_ms(), begun))

        if request:
            request.after_response(after)
        return response

    def refused(request, response):
        if request is None:
            log(request, response, 0)

    wrap_dispatch(app, logged)
    app.after_error_request(refused)


def print_line(request, response, milliseconds):
    """Print the client, the request, the status, the length if it is known, and the time."""
    client = what = '-'
    if request:
        from .urlencoded import quote

        address = request.client_addr
        client = address[0] if address else '-'
        what = request.method + ' ' + quote(request.path)
    length = response.headers.get('Content-Length', '-')
    print('%s %s %d %s %d ms' % (client, what, response.status_code, length, milliseconds))
