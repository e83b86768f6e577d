"""``Response``: what a handler's result becomes. Headers, cookies, streams: see ``responding``."""

from .compat import Late


class Response(Late):
    """An HTTP response.

    :param body: str, bytes, a dict or list (sent as JSON), a file-like object, a generator or any
        other (asynchronous) iterable of str or bytes. ``None`` with status 200 makes it 204.
    :param status_code: the status.
    :param headers: a mapping of header fields; a list as value gives several lines.
    :param reason: the reason phrase, ``None`` for the standard one.
    """

    _late = 'responding'

    #: Media types by file extension, for ``send_file``.
    types_map = {
        'css': 'text/css',
        'gif': 'image/gif',
        'html': 'text/html',
        'jpg': 'image/jpeg',
        'js': 'application/javascript',
        'json': 'application/json',
        'png': 'image/png',
        'txt': 'text/plain',
        'svg': 'image/svg+xml',
    }
    #: How many bytes of a file are read and sent at once.
    send_file_buffer_size = 1024
    #: The content type of a response that names none.
    default_content_type = 'text/plain'
    #: The ``max_age`` of ``send_file``, in seconds, when it is given none.
    default_send_file_max_age = None
    #: A response that needs no writing, as the handler has used the connection itself.
    already_handled = None

    # The usual values: an instance holds what differs; see also ``responding``.
    status_code = 200
    reason = None
    is_head = False
    has_headers = False

    def __init__(self, body=b'', status_code=200, headers=None, reason=None):
        if isinstance(body, str):
            body = body.encode()
        elif body is None and status_code == 200:
            body = b''
            status_code = 204
        self.body = body
        if status_code != 200:
            self.status_code = status_code
        if reason is not None:
            self.reason = reason
        if headers or isinstance(body, (dict, list)):
            self.describe(headers)

    # Called through the class: ``responding`` has their parameters.

    @classmethod
    def redirect(cls, *args, **kwargs):
        from .responding import redirect

        return redirect(cls, *args, **kwargs)

    @classmethod
    def send_file(cls, *args, **kwargs):
        from .files import send_file

        return send_file(cls, *args, **kwargs)


# Its reason makes sure that the server does not take it for a plain response.
Response.already_handled = Response(reason='N/A')


def to_response(value):
    """Return the ``Response`` that a handler's result stands for.

    Raises ``TypeError`` for what is no result, such as an empty tuple or a ``bool``.
    """
    if isinstance(value, Response):
        return value
    if isinstance(value, (str, bytes)):
        return Response(value)
    from .responding import response_of

    return response_of(value)
