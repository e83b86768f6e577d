"""``Microdot``: the way of a request through the handlers to its response."""

# The larger modules are compiled first.
from .response import Response, raise_end, to_response
from .server import Server
from .compat import const, invoke_handler, mro, print_exception
from .http1 import ClientError, HTTPException, abort, reason_phrase, refuse
from .routing import URLPattern

_NO_ROUTE = const((None, None, 404, '', ()))


class Microdot(Server):
    """A web application: its routes and handlers; ``Server`` has what runs it.

    ``before_request_handlers``, ``after_request_handlers``, ``after_error_request_handlers``
    (lists) and ``error_handlers`` (a dictionary by status or class of exceptions) hold what the
    decorators have registered. ``options_handler`` is called for OPTIONS requests without a route
    of their own; ``None`` switches it off.
    """

    #: The host names that requests may be for, without ports; others are answered with 421. IP
    #: addresses and ``localhost`` are always allowed. ``None`` for any name.
    allowed_hosts = None

    def __init__(self):
        # (methods, path or URLPattern, function, prefix, sub-applications, pattern as given)
        self._routes = []
        self.before_request_handlers = []
        self.after_request_handlers = []
        self.after_error_request_handlers = []
        self.error_handlers = {}
        self.options_handler = self.default_options_handler

    abort = staticmethod(abort)
    _life = None  # the ``Lifespan``, if there is one

    def route(self, url_pattern, methods=None):
        """Decorate the function that handles a URL.

        :param url_pattern: the pattern of its path, see ``URLPattern``.
        :param methods: the list of methods, or a single one; ``['GET']`` by default.

        The function gets the request and the arguments of the path, and returns a ``Response``, a
        body, a status, or a tuple of body, status and headers.
        """
        if isinstance(methods, str):
            methods = (methods,)  # a tuple in each method would cost a board more

        def decorated(f):
            self._add(tuple(map(str.upper, methods or ('GET',))), url_pattern, f, '', ())
            return f

        return decorated

    def _add(self, methods, pattern, f, prefix, subapps):
        if pattern and (pattern[0] != '/' or pattern[1:2] == '/'):  # a copy would stay for ever
            pattern = '/' + pattern.lstrip('/')
        # A path without arguments is compared as a str.
        compared = URLPattern(pattern) if '<' in pattern else pattern or '/'
        self._routes.append((methods, compared, f, prefix, subapps, pattern))

    def get(self, url_pattern):
        """Decorate the function that handles GET requests of a URL."""
        return self.route(url_pattern, 'GET')

    def post(self, url_pattern):
        """Decorate the function that handles POST requests of a URL."""
        return self.route(url_pattern, 'POST')

    def put(self, url_pattern):
        """Decorate the function that handles PUT requests of a URL."""
        return self.route(url_pattern, 'PUT')

    def patch(self, url_pattern):
        """Decorate the function that handles PATCH requests of a URL."""
        return self.route(url_pattern, 'PATCH')

    def delete(self, url_pattern):
        """Decorate the function that handles DELETE requests of a URL."""
        return self.route(url_pattern, 'DELETE')

    def query(self, url_pattern):
        """Decorate the function that handles QUERY requests of a URL."""
        return self.route(url_pattern, 'QUERY')

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

    def on_startup(self, f):
        """Decorate ``f()``, called before the application serves; it may be a coroutine function.

        An exception of it keeps the application from serving.
        """
        from .lifespan import put

        return put(self, 'on_startup', f)

    def on_shutdown(self, f):
        """Decorate ``f()``, called when the application has served and its tasks have ended."""
        from .lifespan import put

        return put(self, 'on_shutdown', f)

    def create_task(self, f, restart=False):
        """Run something beside the requests, from the start of the application to its end.

        :param f: a function or coroutine function without arguments, or a coroutine. One that is
            given before the start begins when all functions for that have returned.
        :param restart: whether to call it again when it has raised an exception, which is printed
            in any case: after a second, and two, four... up to 60 seconds.

        Returns a ``microdot.lifespan.Task``. At the end of the application it is cancelled, and
        gets ``Connection.shutdown_timeout`` seconds to end. Raises ``ValueError`` for a coroutine
        that is to be restarted.
        """
        from .lifespan import put

        return put(self, 'create_task', f, restart)

    def errorhandler(self, status_code_or_exception_class):
        """Decorate the handler of a status, ``f(request)``, or an exception, ``f(request, exc)``.

        :param status_code_or_exception_class: an int, or a class of exceptions. Requests that are
            refused before a handler runs go to the handlers of their status alone.
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
        for methods, _, f, prefix, subapps, pattern in subapp._routes:
            self._add(methods, url_prefix + pattern, f, url_prefix + prefix, (subapp,) + subapps)
        if subapp._life:
            self.on_startup(subapp._life.start)
            self.on_shutdown(subapp._life.close)
        if not local:
            for own, moved in (
                (self.before_request_handlers, subapp.before_request_handlers),
                (self.after_request_handlers, subapp.after_request_handlers),
                (self.after_error_request_handlers, subapp.after_error_request_handlers),
            ):
                own.extend(moved)
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
        from .static import mount

        return mount(self, prefix, source, options)

    @property
    def url_map(self):
        """The routes: tuples (methods, ``URLPattern``, function, prefix, sub-application)."""
        return [
            (list(methods), URLPattern(pattern), f, prefix, subapps[-1] if subapps else None)
            for methods, _, f, prefix, subapps, pattern in self._routes
        ]

    def _matches(self, path):
        """Yield (route, arguments) for the routes that match a path, first registered first."""
        for route in self._routes:
            pattern = route[1]
            if isinstance(pattern, str):
                args = {} if pattern == path or path == '*' else None
            else:
                args = {} if path == '*' else pattern.match(path)
            if args is not None:
                yield route, args

    def find_route(self, req):
        """Find the route of a request, and set its ``url_args`` and ``subapps``.

        Returns (function, prefix, sub-application); in place of the function there may be the
        dictionary of headers that answers OPTIONS, or the status 404 or 405.
        """
        method = req.method.upper()
        found = missed = None
        for route, args in self._matches(req.path) if req.path != '*' else ():
            if method in route[0] or (method == 'HEAD' and 'GET' in route[0] and not found):
                found = route
                if req.url_args != args:
                    req.url_args = args
            if method in route[0]:
                break
            missed = route
        f, prefix, subapps = (found or missed or _NO_ROUTE)[2:5]
        if req.subapps != subapps:
            req.subapps = subapps
        if not found:
            f = 405 if missed else 404
            if method == 'OPTIONS' and self.options_handler and (missed or req.path == '*'):
                f = self.options_handler(req)
        return f, prefix, subapps[-1] if subapps else None

    def default_options_handler(self, req):
        """Return the ``Allow`` header of a request's path, for all paths if that is ``*``."""
        methods = []
        for route, _ in self._matches(req.path):
            for method in route[0]:
                if method not in methods:
                    methods.append(method)
        if 'GET' in methods and 'HEAD' not in methods:
            methods.append('HEAD')
        if 'OPTIONS' not in methods:
            methods.append('OPTIONS')
        return {'Allow': ', '.join(methods)}

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

    async def dispatch_request(self, req):  # noqa: C901 - a function more costs a board memory
        """Handle a request and return its response, whatever the handlers raise.

        :param req: the request, or ``None`` for one that could not be parsed.
        """
        try:
            if not req:
                refuse(400)
            if req.content_length > req.max_content_length:
                refuse(413)
            if self.allowed_hosts is not None:
                from .hosts import check_host

                check_host(req, self.allowed_hosts)
            f, req.url_prefix, req.subapp = self.find_route(req)
            if isinstance(f, dict):
                res = Response(headers=f)
            elif isinstance(f, int):
                refuse(f)
            else:
                if req.unread:
                    await req.unread.load(req)
                req.route = f
                for handler in self.get_request_handlers(req, 'before_request', False):
                    res = await invoke_handler(handler, req)
                    if res:
                        break
                else:
                    res = await invoke_handler(f, req, **req.url_args)
                res = to_response(res, 2)
                handlers = self.get_request_handlers(req, 'after_request')
                if handlers or req.after_request_handlers:
                    res = await _replaced(handlers, req, res)
                    res = await _replaced(req.after_request_handlers, req, res)
        except BaseException as exc:
            raise_end(exc)
            res = await self.recover(req, exc)
        if req:
            res.is_head = len(req.method) == 4 and req.method.upper() == 'HEAD'
            names = getattr(req.g, '_vary', None)
            if names:
                from .vary import add_vary

                add_vary(res, names)
        return res

    async def recover(self, req, exc):
        """Return the response to a request that ended with an exception, come what may.

        :param req: the request, or ``None`` for one that could not be parsed.
        :param exc: the exception.
        """
        res = None
        for _ in range(2):
            try:
                res = await self._respond_to(req, exc)
                break
            except BaseException as failure:
                raise_end(failure)
                exc = failure
        if not res:
            status_code = _unhandled(exc)
            res = Response(reason_phrase(status_code, True), status_code)
        for handler in self.get_request_handlers(req, 'after_error_request'):
            try:
                res = await _replaced((handler,), req, res)
            except BaseException as failure:
                raise_end(failure)
                status_code = _unhandled(failure)
                res = Response(reason_phrase(status_code, True), status_code)
        return res

    async def _respond_to(self, req, exc):  # noqa: C901 - a function more costs a board memory
        """Return the response that the handlers, or the exception itself, stand for."""
        status_code = getattr(exc, 'status_code', 0)
        reason = exc.reason if isinstance(exc, HTTPException) else None
        if req and exc is req._malformed:
            status_code = 400
        if not status_code:
            status_code = _unhandled(exc)
        # What was refused before its handler ran is no exception of the application's.
        if not isinstance(exc, HTTPException) and req and req.route:
            handler = self._error_handler(req, mro(type(exc)))
            if not handler and self.debug and status_code == 500:
                try:
                    from .debug import error_page as handler
                except ImportError:
                    pass  # a board may do without it
            if handler:
                status_code = 500
                reason = None
                try:
                    res = await invoke_handler(handler, req, exc)
                    if res is not None:
                        return to_response(res, 3)
                except BaseException as failure:
                    raise_end(failure)
                    print_exception(failure)
        reason = reason or reason_phrase(status_code, True)
        res = to_response(await self.error_response(req, status_code, reason), 3)
        headers = getattr(exc, 'headers', ())
        if status_code == 405 and isinstance(exc, ClientError):
            headers = self.default_options_handler(req)
        for name in headers:
            if name not in res.headers:
                res.headers[name] = headers[name]
        return res

    async def error_response(self, req, status_code, reason=None):
        """Return what the handler of a status makes of it, or the tuple (reason, status).

        :param req: the request, or ``None`` for one that could not be parsed.
        :param status_code: the status.
        :param reason: the text of the response when there is no handler.
        """
        handler = self._error_handler(req, (status_code,))
        if handler:
            return await invoke_handler(handler, req)
        return reason or 'N/A', status_code

    def _error_handler(self, req, keys):
        """Return the handler of the first key that has one, the innermost application's first."""
        apps = (self,) + (req.subapps if req else ())
        for key in keys:
            for app in reversed(apps):
                if key in app.error_handlers:
                    return app.error_handlers[key]
        return None


def _unhandled(exc):
    """Print an exception of the application; return the status of the response to it."""
    print_exception(exc)
    return 503 if isinstance(exc, MemoryError) else 500


async def _replaced(handlers, req, res):
    """Run after-request handlers, each of which may replace the response."""
    for handler in handlers:
        res = to_response(await invoke_handler(handler, req, res) or res, 3)
    return res
