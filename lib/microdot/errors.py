"""Exceptions that carry the status they are answered with when nobody handles them."""


class HTTPException(Exception):
    """Ends a request with an error response.

    :param status_code: the status of the response.
    :param reason: the text of the response, by default ``'<status_code> error'``.
    """

    def __init__(self, status_code, reason=None):
        super().__init__()
        self.status_code = status_code
        self.reason = reason or str(status_code) + ' error'

    def __repr__(self):
        return 'HTTPException: ' + str(self.status_code)


class ClientError(ValueError):
    """Input that the client got wrong: a malformed head, body, query or form.

    :param status_code: the status of the response.
    :param reason: the text of the response, by default the standard phrase of the status.
    """

    def __init__(self, status_code, reason=None):
        super().__init__(reason or status_code)
        self.status_code = status_code
        self.reason = reason


def client_error(exc):
    """Make an exception of a parser one that is answered with 400, and return it."""
    try:
        exc.status_code = 400
    except AttributeError:  # MicroPython's own exceptions take no attributes
        return ClientError(400)
    exc.reason = None
    return exc


def abort(status_code, reason=None):
    """End the request with an error response.

    :param status_code: the status of the response.
    :param reason: the text of the response, by default ``'<status_code> error'``.

    Raises ``HTTPException``.
    """
    raise HTTPException(status_code, reason)
