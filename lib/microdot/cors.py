"""``CORS``: which other sites' scripts may use the application (Fetch standard, section 3.2).

Preflight requests are answered by the application's ``options_handler``, for each path that it has.
A route for ``OPTIONS`` comes before that: it is called for preflights too, with the handlers before
it, and its response gets the same headers afterwards; a preflight passes if its status is 2xx.
"""


def _listed(values):
    return (values,) if isinstance(values, str) else values or ()


class CORS:
    """Adds the headers of cross-origin resource sharing to responses.

    The options are attributes, which may be changed at any time. A list may be a single str.

    :param app: the application; without one, see ``initialize``.
    :param allowed_origins: the list of origins, each as in ``'https://example.com:8080'``, or
        ``'*'`` for all.
    :param allow_credentials: let scripts send cookies and log-ins. With ``allowed_origins='*'``
        every site may then act for the user: list the origins instead.
    :param allowed_methods: the list of methods; ``None`` for all.
    :param expose_headers: the list of response headers that scripts may read.
    :param allowed_headers: the list of headers that scripts may send; ``None`` for all.
    :param max_age: the seconds that a browser may keep the answer to a preflight.
    :param handle_cors: see ``initialize``.
    :param vary_always: name ``Origin`` in the ``Vary`` of every response, not only of those that
        allow one. A cache shared by several users needs it (Fetch standard, section 3.2.5).
    """

    def __init__(
        self,
        app=None,
        allowed_origins=None,
        allow_credentials=False,
        allowed_methods=None,
        expose_headers=None,
        allowed_headers=None,
        max_age=None,
        handle_cors=True,
        vary_always=False,
    ):
        self.allowed_origins = allowed_origins
        self.allow_credentials = allow_credentials
        self.allowed_methods = allowed_methods
        self.expose_headers = expose_headers
        if allowed_headers is not None:
            allowed_headers = [name.lower() for name in _listed(allowed_headers)]
        self.allowed_headers = allowed_headers
        self.max_age = max_age
        self.vary_always = vary_always
        self.default_options_handler = None
        self._previous = []  # (application, its options handler before), of those taken part in
        if app is not None:
            self.initialize(app, handle_cors)

    def initialize(self, app, handle_cors=True):
        """Take part in the requests of an application, or of one more. A second call does nothing.

        :param app: the application.
        :param handle_cors: false to add nothing, for handlers that call ``get_cors_headers``.
        """
        if app in [known for known, _ in self._previous]:
            return
        self.default_options_handler = app.options_handler
        if handle_cors:
            self._previous.append((app, app.options_handler))
            app.options_handler = self.options_handler
            app.after_request(self.after_request)
            app.after_error_request(self.after_request)

    def get_cors_headers(self, request):
        """Return the dictionary of headers for the response to a request.

        ``Vary`` is not among them: it collects in ``request.g._vary``.
        """
        headers = {}
        origin = request.headers.get('Origin')
        if self.allowed_origins == '*' and not origin:
            headers['Access-Control-Allow-Origin'] = '*'  # not for credentials
        elif origin and (self.allowed_origins == '*' or origin in _listed(self.allowed_origins)):
            headers['Access-Control-Allow-Origin'] = origin
            if self.allow_credentials:
                headers['Access-Control-Allow-Credentials'] = 'true'
            request.vary('Origin')
        if self.vary_always:
            request.vary('Origin')
        if self.expose_headers:
            headers['Access-Control-Expose-Headers'] = ', '.join(_listed(self.expose_headers))
        if request.method == 'OPTIONS':
            self._add_preflight_headers(request, headers)
        return headers

    def _add_preflight_headers(self, request, headers):
        if self.max_age is not None:
            headers['Access-Control-Max-Age'] = str(self.max_age)
        method = request.headers.get('Access-Control-Request-Method', '').upper()
        if method and (
            self.allowed_methods is None
            or method in [name.upper() for name in _listed(self.allowed_methods)]
        ):
            headers['Access-Control-Allow-Methods'] = method
        names = request.headers.get('Access-Control-Request-Headers')
        if names:
            if self.allowed_headers is not None:
                allowed = [name.lower() for name in _listed(self.allowed_headers)]
                names = [name.strip() for name in names.split(',')]
                names = ', '.join([name for name in names if name.lower() in allowed])
            headers['Access-Control-Allow-Headers'] = names

    def options_handler(self, request):
        """Return the headers for OPTIONS: the application's own and those of a preflight."""
        previous = self.default_options_handler
        for app, handler in self._previous:
            if app is request.app:
                previous = handler
        headers = previous(request) if previous else {}
        headers.update(self.get_cors_headers(request))
        return headers

    def after_request(self, request, response):
        """Add the headers to a response.

        :param request: the request; ``None``, if it could not be read, has nothing added.
        :param response: the response.
        """
        if request is not None:
            response.headers.update(self.get_cors_headers(request))
