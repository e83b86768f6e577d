"""``Microdot``: routes, and the way of a request through the handlers to its response.

What only sets an application up is in ``registering``, what goes wrong is in ``errors``: a board
loads them when it needs them.
"""

from .compat import Late, bound, iscoroutine
from .response import to_response


class Microdot(Late):
    """A web application: its routes, its handlers, and the server that runs it."""

    _late = 'registering'

    #: Whether the server speaks TLS, and whether it prints a line for each request.
    ssl = debug = False
    _connections = None  # those that are open, while the application runs
    _stopping = _watched = False
    _with_arguments = False  # whether any route has some in its path
    _has_handlers = False  # whether there are lists of handlers

    def __init__(self):
        self._routes = []  # (methods, pattern, function, prefix, sub-applications)
        self._paths = {}  # the routes of each path without arguments

    def route(self, url_pattern, methods=None, prefix='', subapps=()):
        """Decorate the function that handles a URL.

        :param url_pattern: the pattern of its path, see ``URLPattern``.
        :param methods: the list of methods, ``['GET']`` by default.
        :param prefix: the part of the pattern that ``mount`` has added.
        :param subapps: the mounted applications the route comes from, the innermost last.

        The function gets the request and the arguments of the path, and returns a ``Response``, a
        body, a status, or a tuple of body, status and headers.
        """

        def decorated(f):
            names = [m.upper() for m in methods] if methods else ('GET',)
            route = names, url_pattern, f, prefix, subapps
            self._routes.append(route)
            path = '/' + url_pattern.lstrip('/')
            if '<' in path:
                self._with_arguments = True
            else:
                self._paths[path] = self._paths.get(path, ()) + (route,)
            return f

        return decorated

    async def dispatch_request(self, req):
        """Handle a request and return its response; no exception but ``BaseException`` leaves.

        :param req: the request, or ``None`` for one that could not be parsed.
        """
        try:
            route = args = None
            if req and not self._with_arguments:
                for candidate in self._paths.get(req.path, ()):
                    if req.method in candidate[0]:
                        route = candidate
                        break
            if not route:
                from .routing import find

                route = find(self, req)
                args = req.url_args
            req.route = route[2]
            if self._has_handlers or route[4] or req.content_length or req.unread:
                from .handling import handle

                res = await handle(self, req, route)
            else:
                call = bound(route[2])
                res = call(req, **args) if args else call(req)
                if iscoroutine(res):
                    res = await res
            res = to_response(res)
            if self._has_handlers or req.subapps or req.has_after:
                from .handling import run_after_handlers

                res = await run_after_handlers(self, req, res)
        except Exception as exc:
            from .errors import recover

            res = await recover(self, req, exc)
        if req and (req.method != 'GET' or res.is_head or req.has_g):
            from .handling import finish

            finish(req, res)
        return res

    # Called through the class, or once: ``registering`` has their parameters.

    @staticmethod
    def abort(*args):
        from .errors import abort

        abort(*args)

    def start_server(self, *args, **kwargs):
        from .server import start_server

        return start_server(self, *args, **kwargs)

    def run(self, *args, **kwargs):
        import asyncio

        asyncio.run(self.start_server(*args, **kwargs))
