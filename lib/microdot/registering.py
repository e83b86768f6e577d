"""The methods of ``Microdot`` that set an application up: decorators, mounting, its tables."""


def _keep(app, name, handlers):
    setattr(app, name, handlers)
    app._has_handlers = True
    return handlers


class Methods:
    attributes = (
        'after_error_request_handlers',
        'after_request_handlers',
        'before_request_handlers',
        'error_handlers',
        'options_handler',
        'url_map',
    )

    #: The asyncio server, while the application runs.
    server = None
    _closed = None  # the event of the end, on CPython
    _table = None  # the ``RouteTable``, if one is needed

    @staticmethod
    def abort(status_code, reason=None):
        """End the request with an error response; see ``microdot.abort``."""
        from .errors import abort

        abort(status_code, reason)

    def get(self, url_pattern):
        """Decorate the function that handles GET requests of a URL."""
        return self.route(url_pattern, ('GET',))

    def post(self, url_pattern):
        """Decorate the function that handles POST requests of a URL."""
        return self.route(url_pattern, ('POST',))

    def put(self, url_pattern):
        """Decorate the function that handles PUT requests of a URL."""
        return self.route(url_pattern, ('PUT',))

    def patch(self, url_pattern):
        """Decorate the function that handles PATCH requests of a URL."""
        return self.route(url_pattern, ('PATCH',))

    def delete(self, url_pattern):
        """Decorate the function that handles DELETE requests of a URL."""
        return self.route(url_pattern, ('DELETE',))

    def query(self, url_pattern):
        """Decorate the function that handles QUERY requests of a URL."""
        return self.route(url_pattern, ('QUERY',))

    def before_request(self, f):
        """Decorate ``f(request)``, called before each route; a truthy result replaces the route."""
        self.before_request_handlers.append(f)
        return f

    def after_request(self, f):
        """Decorate ``f(request, response)``, called after each route; it may return a response."""
        self.after_request_handlers.append(f)
        return f

    def after_error_request(self, f):
        """Decorate ``f(request, response)``, called for each error response.

        The request is ``None`` if it could not be parsed.
        """
        self.after_error_request_handlers.append(f)
        return f

    def errorhandler(self, status_code_or_exception_class):
        """Decorate the handler of a status, ``f(request)``, or an exception, ``f(request, exc)``.

        :param status_code_or_exception_class: an int, or a class of exceptions.
        """

        def decorated(f):
            self.error_handlers[status_code_or_exception_class] = f
            return f

        return decorated

    def mount(self, subapp, url_prefix='', local=False):
        """Add the routes that another application has now.

        :param subapp: the other application.
        :param url_prefix: put before the paths of its routes.
        :param local: keep its handlers to its own routes, instead of taking them over for all.
        """
        from .application import Microdot

        for methods, pattern, f, prefix, subapps in subapp._routes:
            subapps = (subapp,) + subapps
            # By the class, as an application may have a ``route`` of its own with fewer parameters.
            Microdot.route(self, url_prefix + pattern, methods, url_prefix + prefix, subapps)(f)
        if not local:
            for kind in ('before_request', 'after_request', 'after_error_request'):
                moved = getattr(subapp, kind + '_handlers')
                getattr(self, kind + '_handlers').extend(moved)
                moved.clear()
            self.error_handlers.update(subapp.error_handlers)
            subapp.error_handlers.clear()

    def static(self, prefix, source, **options):
        """Serve the files of a directory, or resources frozen into firmware, for GET and HEAD.

        It takes all the paths below the prefix that no route registered before has.

        :param prefix: the path of the URLs, such as ``'/static'``, or ``'/'``.
        :param source: the path of the directory, or the module of the resources.
        :param options: see ``microdot.static.Static``, of which the object is returned.

        Raises ``OSError`` without such a directory, ``ValueError`` for a prefix with arguments.
        """
        from .static import Static

        if '<' in prefix:
            raise ValueError('invalid URL prefix')
        files = Static(source, **options)
        prefix = '/' + prefix.strip('/') if prefix.strip('/') else ''
        for pattern in ('/<path:path>', '/', ''):
            self.get(prefix + pattern)(files.serve)
        return files

    def before_request_handlers(self):
        """The functions registered by ``before_request``."""
        return _keep(self, 'before_request_handlers', [])

    def after_request_handlers(self):
        """The functions registered by ``after_request``."""
        return _keep(self, 'after_request_handlers', [])

    def after_error_request_handlers(self):
        """The functions registered by ``after_error_request``."""
        return _keep(self, 'after_error_request_handlers', [])

    def error_handlers(self):
        """The functions registered by ``errorhandler``, by status or class of exceptions."""
        return _keep(self, 'error_handlers', {})

    def url_map(self):
        """The routes: tuples (methods, ``URLPattern``, function, prefix, sub-application)."""
        from .routing import URLPattern

        return [
            (list(methods), URLPattern(pattern), f, prefix, subapps[-1] if subapps else None)
            for methods, pattern, f, prefix, subapps in self._routes
        ]

    def find_route(self, req):
        """Find the route of a request, and set ``req.url_args``.

        Returns (function, prefix, sub-application); in place of the function there may be the
        dictionary of headers that answers OPTIONS, or the status 404 or 405.
        """
        from .errors import NoRoute
        from .routing import find

        try:
            _, _, f, prefix, subapps = find(self, req)
        except NoRoute as exc:
            return exc.headers or exc.status_code, req.url_prefix, req.subapp
        return f, prefix, subapps[-1] if subapps else None

    def options_handler(self):
        """Called for OPTIONS requests without a route of their own; ``None`` switches it off."""
        return self.default_options_handler

    def default_options_handler(self, req):
        """Return the ``Allow`` header of a request's path, for all paths if that is ``*``."""
        from .routing import allowed_methods

        return {'Allow': ', '.join(allowed_methods(self, req.path))}

    def get_request_handlers(self, req, attr, local_first=True):
        """Return the handlers that take part in a request, in the order they run.

        :param req: the request.
        :param attr: ``'before_request'``, ``'after_request'`` or ``'after_error_request'``.
        :param local_first: those of the innermost sub-application first, else the application's.
        """
        attr += '_handlers'
        handlers = getattr(self, attr)
        for subapp in req.subapps if req else ():
            local = getattr(subapp, attr)
            handlers = local + handlers if local_first else handlers + local
        return handlers

    async def error_response(self, req, status_code, reason=None):
        """Return what the handler of a status makes of it, or the tuple (reason, status).

        :param req: the request, or ``None`` for one that could not be parsed.
        :param status_code: the status.
        :param reason: the text of the response when there is no handler.
        """
        from .errors import error_result

        return await error_result(self, req, status_code, reason or 'N/A')

    async def start_server(
        self, host='0.0.0.0', port=5000, debug=False, ssl=None, start_serving=True
    ):
        """Serve the application until ``shutdown()`` is called.

        :param host: the address to listen on.
        :param port: the port to listen on.
        :param debug: print a line for the start and for each request.
        :param ssl: an ``ssl.SSLContext``; with one the server speaks TLS alone.
        :param start_serving: ``False`` (CPython only) returns the asyncio server at once, for the
            caller to await its ``serve_forever()``.

        Raises ``OSError`` if it cannot listen, ``ValueError`` for a bad route or an argument that
        the platform does not support. Cancelling it closes every connection.
        """
        from .server import start_server

        return await start_server(self, host, port, debug, ssl, start_serving)

    def run(self, host='0.0.0.0', port=5000, debug=False, ssl=None):
        """Serve the application from a new event loop until ``shutdown()`` is called.

        The parameters are those of ``start_server``.
        """
        import asyncio

        asyncio.run(self.start_server(host, port, debug, ssl))

    def shutdown(self):
        """Stop serving: running requests are answered, then ``start_server`` returns.

        Callable from a handler. Does nothing when the application does not run.
        """
        if self._connections is not None and not self._stopping:
            from .lifecycle import shut_down

            shut_down(self)

    async def handle_request(self, reader, writer):
        """Serve one connection until it ends.

        :param reader: the stream of the client.
        :param writer: the stream to the client.
        """
        from .server import serve_client

        await serve_client(self, reader, writer)
