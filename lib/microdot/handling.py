"""Requests with more to them than a route: bodies to load, handlers before and after, mounts."""

from .compat import invoke_handler
from .errors import ClientError, replacement


def enter(req, route):
    """Tell a request which mounted application its route comes from."""
    _, _, _, prefix, subapps = route
    if subapps:
        req.url_prefix = prefix
        req.subapps = subapps
        req.subapp = subapps[-1]


async def handle(app, req, route):
    """Run the before-request handlers and the route, and return the result.

    :param app: the application.
    :param req: the request.
    :param route: the route that was found.
    """
    if req.content_length > req.max_content_length:
        raise ClientError(413)
    enter(req, route)
    if req.unread:
        await req.unread.load(req)
    for handler in app.get_request_handlers(req, 'before_request', False):
        result = await invoke_handler(handler, req)
        if result:
            return result
    return await invoke_handler(route[2], req, **req.url_args)


async def run_after_handlers(app, req, res):
    """Run the after-request handlers, the request's own last, and return the response."""
    handlers = app.get_request_handlers(req, 'after_request')
    if req.has_after:
        handlers = handlers + req.after_request_handlers
    for handler in handlers:
        res = replacement(await invoke_handler(handler, req, res) or res)
    return res


def finish(req, res):
    """Give a response what depends on its request: no body for HEAD, the collected ``Vary``."""
    res.is_head = req.method.upper() == 'HEAD'
    if req.has_g:
        res.add_vary(req.g)
