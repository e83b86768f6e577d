"""Which names an application answers to. Loaded where ``allowed_hosts`` is set."""

from .http1 import refuse


def check_host(request, allowed):
    """Refuse a request for a name that is not the application's own with 421 (RFC 9110, 15.5.20).

    Another site can make its own name lead to a board (DNS rebinding): to a browser, that site's
    pages and the board are one origin then. It cannot do so with an address or ``localhost``: these
    are always allowed, and so is a request without ``Host``, which no browser sends.

    :param request: the request.
    :param allowed: the names, without ports; a single one may be a str.
    """
    host = request.headers.get('Host', '').lower()
    name = host.partition(':')[0].rstrip('.')
    if (
        not host
        or host[0] == '['
        or name == 'localhost'
        or (name and not name.strip('0123456789.'))
    ):
        return
    for own in (allowed,) if isinstance(allowed, str) else allowed:
        if name == own.lower().rstrip('.'):
            return
    refuse(421)
