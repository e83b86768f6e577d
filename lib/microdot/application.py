"""``Microdot``: registering routes and handlers, mounting sub-applications, dispatching requests."""

from .compat import invoke_handler, mro, print_exception
from .errors import HTTPException, abort
from .response import Response, to_response
from .routing import RouteTable, URLPattern

# Bodies of error responses; others have the reason phrase of their status.
_TEXTS = {
    400: 'Bad request',
    404: 'Not found',
    405: 'Not found',
    413: 'Payload too large',
    500: 'Internal server error',
}


class Microdot:
    """A web application: its routes, its handlers, and the server that runs it."""

    #: Called for OPTIONS requests without a route of their own; ``None`` switches that off.
    options_handler = None
    ssl = False
    debug = False
    #: The asyncio server, while the application runs.
    server = None
    _connections = None

    def __init__(self):
        self.url_map = []
        self.before_request_handlers = []
        self.after_request_handlers = []
        self.after_error_request_handlers = []
        self.error_handlers = {}
        self.options_handler = self.default_options_handler
        self._routes = RouteTable(self.url_map)

    # Registering

    def route(self, url_pattern, methods=None):
        """Decorate the function that handles a URL.

        :param url_pattern: the pattern of its path, see ``URLPattern``.
        :param methods: the list of methods, ``['GET']`` by default.

        The function gets the request and the arguments of the path, and returns a ``Response``, a
        body, a status, or a tuple of body, status and headers.
        """

        def decorated(f):
            names = [method.upper() for method in methods or ('GET',)]
            self.url_map.append((names, URLPattern(url_pattern), f, '', None))
            return f

        return decorated

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
        for methods, pattern, f, prefix, owner in subapp.url_map:
            mounted = URLPattern(url_prefix + pattern.url_pattern)
            mounted.subapps = (subapp,) + pattern.subapps
            self.url_map.append((methods, mounted, f, url_prefix + prefix, owner or subapp))
        if not local:
            for kind in ('before_request', 'after_request', 'after_error_request'):
                moved = getattr(subapp, kind + '_handlers')
                getattr(self, kind + '_handlers').extend(moved)
                moved.clear()
            self.error_handlers.update(subapp.error_handlers)
            subapp.error_handlers.clear()

    abort = staticmethod(abort)

    # Dispatching

    def find_route(self, req):
        """Find the route of a request, and set ``req.url_args``.

        Returns (function, prefix, sub-application); in place of the function there may be the
        dictionary of headers that answers OPTIONS, or the status 404 or 405.
        """
        method = req.method.upper()
        fallback, status, prefix, owner = None, 404, '', None
        for route, args in self._routes.matches(req.path):
            if method in route[0] or (method == 'HEAD' and 'GET' in route[0] and not fallback):
                fallback = route, args
                if method in route[0]:
                    break
            else:
                status, prefix, owner = 405, route[3], route[4]
                req._subapps = route[1].subapps
        if fallback:
            route, req.url_args = fallback
            req._subapps = route[1].subapps
            return route[2:]
        if method == 'OPTIONS' and self.options_handler and (status == 405 or req.path == '*'):
            return self.options_handler(req), '', None
        return status, prefix, owner

    def default_options_handler(self, req):
        """Return the ``Allow`` header of a request's path, for all paths if that is ``*``."""
        if req.path == '*':
            routes = self.url_map
        else:
            routes = [route for route, _ in self._routes.matches(req.path)]
        allow = []
        for route in routes:
            allow.extend([method for method in route[0] if method not in allow])
        for method in ('HEAD',) if 'GET' in allow else ():
            if method not in allow:
                allow.append(method)
        if 'OPTIONS' not in allow:
            allow.append('OPTIONS')
        return {'Allow': ', '.join(allow)}

    def get_request_handlers(self, req, attr, local_first=True):
        """Return the handlers that take part in a request, in the order they run.

        :param req: the request.
        :param attr: ``'before_request'``, ``'after_request'`` or ``'after_error_request'``.
        :param local_first: those of the innermost sub-application first, else the application's.
        """
        attr += '_handlers'
        handlers = getattr(self, attr)
        for subapp in req._subapps if req else ():
            local = getattr(subapp, attr)
            if local:
                handlers = local + handlers if local_first else handlers + local
        return handlers

    async def dispatch_request(self, req, refused=400):
        """Handle a request and return its response; no exception but ``BaseException`` leaves.

        :param req: the request, or ``None`` for one that could not be parsed.
        :param refused: the status of the answer to such a request.
        """
        failed = True
        try:
            if req is None:
                res = await self._error(None, refused)
            elif req.content_length > req.max_content_length:
                res = await self._error(req, 413)
            else:
                f, req.url_prefix, req.subapp = self.find_route(req)
                if isinstance(f, int):
                    res = await self._not_found(req, f)
                else:
                    failed = False
                    res = Response(headers=f) if isinstance(f, dict) else await self._run(req, f)
        except Exception as exc:
            failed = True
            res = await self._recover(req, exc)
        if failed:
            res = await self._after_error(req, res)
        if req is not None:
            res.is_head = req.method.upper() == 'HEAD'
            vary = getattr(req.g, '_vary', None) if 'g' in req.__dict__ else None
            if vary:
                _add_vary(res.headers, vary)
        return res

    async def _run(self, req, f):
        req.route = f
        if req._unread:
            await req._unread.load(req)
        result = None
        for handler in self.get_request_handlers(req, 'before_request', False):
            result = await invoke_handler(handler, req)
            if result:
                break
        res = to_response(result or await invoke_handler(f, req, **req.url_args))
        for handler in self.get_request_handlers(req, 'after_request'):
            res = await invoke_handler(handler, req, res) or res
        for handler in req.__dict__.get('after_request_handlers', ()):
            res = await invoke_handler(handler, req, res) or res
        return res

    # Errors

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
        subapps = req._subapps if req else ()
        for key in keys:
            for i in range(len(subapps) - 1, -1, -1):
                if key in subapps[i].error_handlers:
                    return subapps[i].error_handlers[key]
            if key in self.error_handlers:
                return self.error_handlers[key]
        return None

    async def _error(self, req, status_code, reason=None):
        if reason is None:
            reason = _TEXTS.get(status_code)
        if reason is None:
            from .status import reason_phrase

            reason = reason_phrase(status_code)
        return to_response(await self.error_response(req, status_code, reason))

    async def _not_found(self, req, status_code):
        res = await self._error(req, status_code)
        if status_code == 405 and res.status_code == 405 and 'Allow' not in res.headers:
            res.headers.update(self.default_options_handler(req))
        return res

    async def _recover(self, req, exc):
        """Return the response to an exception of a handler, whatever happens on the way."""
        try:
            if isinstance(exc, HTTPException):
                return await self._error(req, exc.status_code, exc.reason)
            status_code = getattr(exc, 'status_code', 0)
            if not status_code:
                print_exception(exc)
            handler = self._error_handler(req, mro(type(exc)))
            if handler:
                res = await self._call_error_handler(handler, req, exc)
                if res is not None:
                    return res
                status_code = 500
            if isinstance(exc, MemoryError):
                return await self._error(req, 503)
            if status_code:
                return await self._error(req, status_code, exc.reason)
            return await self._error(req, 500)
        except Exception as failure:
            print_exception(failure)
            return Response(_TEXTS[500], 500)

    async def _call_error_handler(self, handler, req, exc):
        try:
            result = await invoke_handler(handler, req, exc)
            return None if result is None else to_response(result)
        except Exception as failure:
            print_exception(failure)

    async def _after_error(self, req, res):
        for handler in self.get_request_handlers(req, 'after_error_request'):
            try:
                res = await invoke_handler(handler, req, res) or res
            except Exception as exc:
                print_exception(exc)
        return res

    # Serving

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
        from .server import listen

        return await listen(self, host, port, debug, ssl, start_serving)

    def run(self, host='0.0.0.0', port=5000, debug=False, ssl=None):
        """Serve the application from a new event loop until ``shutdown()`` is called.

        The parameters are those of ``start_server``.
        """
        import asyncio

        asyncio.run(self.start_server(host=host, port=port, debug=debug, ssl=ssl))

    def shutdown(self):
        """Stop serving: running requests are answered, then ``start_server`` returns.

        Callable from a handler. Does nothing when the application does not run.
        """
        if self._connections:
            self._connections.shut_down()

    async def handle_request(self, reader, writer):
        """Serve one connection until it ends.

        :param reader: the stream of the client.
        :param writer: the stream to the client.
        """
        from .server import Connections

        await (self._connections or Connections(self)).serve(reader, writer)


def _add_vary(headers, names):
    value = headers.get('Vary')
    vary = [name.strip() for name in value.split(',')] if value else []
    vary.extend([name for name in names if name not in vary])
    headers['Vary'] = ', '.join(vary)
