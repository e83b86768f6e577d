"""Exceptions that carry the status they are answered with, and what makes the answers.

Loaded by the first request that does not go well.
"""

from .compat import invoke_handler, mro, print_exception
from .response import Response, to_response
from .status import reason_phrase

# Bodies of error responses; others have the reason phrase of their status.
_TEXTS = {
    400: 'Bad request',
    404: 'Not found',
    405: 'Not found',
    413: 'Payload too large',
    500: 'Internal server error',
}


class HTTPException(Exception):
    """Ends a request with an error response.

    :param status_code: the status of the response.
    :param reason: the text of the response, by default ``'<status_code> error'``.
    """

    #: Headers for the response, unless the handler of the status gives it others.
    headers = ()

    def __init__(self, status_code, reason=None):
        super().__init__(status_code, reason)
        self.status_code = status_code
        self.reason = reason or str(status_code) + ' error'

    def __repr__(self):
        return 'HTTPException: ' + str(self.status_code)


class ClientError(ValueError):
    """Input that the client got wrong: a malformed head, body, query or form.

    :param status_code: the status of the response.
    """

    def __init__(self, status_code):
        super().__init__(reason_phrase(status_code))
        self.status_code = status_code


class NoRoute(Exception):
    """There is no function to call for a request.

    :param status_code: 404 or 405, or 200 for OPTIONS.
    :param headers: the headers of the answer to OPTIONS.
    """

    def __init__(self, status_code, headers=None):
        super().__init__()
        self.status_code = status_code
        self.headers = headers


def client_error(exc):
    """Make an exception of a parser one that is answered with 400, and return it."""
    try:
        exc.status_code = 400
    except AttributeError:  # MicroPython's own exceptions take no attributes
        return ClientError(400)
    return exc


def abort(status_code, reason=None):
    """End the request with an error response.

    :param status_code: the status of the response.
    :param reason: the text of the response, by default ``'<status_code> error'``.

    Raises ``HTTPException``.
    """
    raise HTTPException(status_code, reason)


async def recover(app, req, exc):
    """Return the response to a request that ended with an exception, whatever happens on the way.

    :param app: the application.
    :param req: the request, or ``None``.
    :param exc: the exception.
    """
    if isinstance(exc, NoRoute) and exc.headers is not None:
        return Response(headers=exc.headers)
    try:
        try:
            res = await _respond(app, req, exc)
        except Exception as failure:
            res = await _respond(app, req, failure)
    except Exception as failure:
        print_exception(failure)
        res = Response(_TEXTS[500], 500)
    for handler in app.get_request_handlers(req, 'after_error_request'):
        try:
            res = replacement(await invoke_handler(handler, req, res) or res)
        except Exception as failure:
            print_exception(failure)
            res = Response(_TEXTS[500], 500)
    return res


async def _respond(app, req, exc):
    """Return the response that the handlers, or the exception itself, stand for."""
    status_code = getattr(exc, 'status_code', 0)
    reason = exc.reason if isinstance(exc, HTTPException) else None
    if not isinstance(exc, (HTTPException, NoRoute)):
        if not status_code:
            print_exception(exc)
        handler = _find_handler(app, req, mro(type(exc)))
        if handler:
            try:
                res = await invoke_handler(handler, req, exc)
                if res is not None:
                    return replacement(res)
            except Exception as failure:
                print_exception(failure)
            status_code, reason = 500, None
    if not status_code:
        status_code = 503 if isinstance(exc, MemoryError) else 500
    reason = reason or _TEXTS.get(status_code) or reason_phrase(status_code)
    res = replacement(await app.error_response(req, status_code, reason))
    headers = _headers_of(app, req, exc, res)
    for name in headers:
        if name not in res.headers:
            res.headers[name] = headers[name]
    return res


def replacement(value):
    """Return the ``Response`` of a result that takes a response's place: it may give a reason."""
    res = to_response(value)
    if isinstance(value, tuple) and len(value) > 3:
        res.reason = value[3]
    return res


def _headers_of(app, req, exc, res):
    """Return the headers that an exception has for its response."""
    if isinstance(exc, NoRoute) and res.status_code == 405:
        return app.default_options_handler(req)
    return exc.headers if isinstance(exc, HTTPException) else ()


async def error_result(app, req, status_code, reason):
    """Do what ``Microdot.error_response`` promises."""
    handler = _find_handler(app, req, (status_code,))
    if handler:
        return await invoke_handler(handler, req)
    return reason, status_code


def _find_handler(app, req, keys):
    """Return the handler of the first key that has one, the innermost application's first."""
    apps = (app,) + (req.subapps if req else ())
    for key in keys:
        for i in range(len(apps) - 1, -1, -1):
            if key in apps[i].error_handlers:
                return apps[i].error_handlers[key]
    return None
