"""``CSRF``: refuses what other sites make a user's browser send.

It goes by headers that scripts cannot forge: ``Sec-Fetch-Site`` (Fetch Metadata, W3C) and
``Origin`` (RFC 6454), else ``Referer``. Browsers send the first one to servers with TLS and to
``localhost`` alone, and no ``Origin`` with a GET; without ``Sec-Fetch-Site`` the origin has to be
the server's own by ``Host``. With none of the three a browser is refused, as its request may come
from anywhere, and other programs pass, which have no user's cookies to misuse.
"""

from .helpers import is_marked, mark
from .http1 import abort


class CSRF:
    """Protects an application against cross-site request forgery; refuses with 403.

    ``exempt`` and ``protect`` know a function again under decorators that use
    ``microdot.helpers.wraps``, as all those of this package do (on CPython ``functools.wraps`` is
    the same). Put them above any others.

    :param app: the application; without one, see ``initialize``.
    :param cors: a ``CORS`` object; the origins that it lists may send anything. ``'*'`` lists none.
    :param protect_all: whether routes for other methods than ``SAFE_METHODS``, and WebSockets, are
        protected unless they are exempt.
    :param allow_subdomains: whether subdomains of the own host and of listed origins may send.
        A request that is ``same-site`` and names no origin is taken for one of theirs.
    """

    SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

    def __init__(self, app=None, cors=None, protect_all=True, allow_subdomains=False):
        self.cors = cors
        self.protect_all = protect_all
        self.allow_subdomains = allow_subdomains
        self.exempt_routes = []
        self.protected_routes = []
        if app is not None:
            self.initialize(app, cors)

    def initialize(self, app, cors=None):
        """Check the requests of an application.

        :param app: the application.
        :param cors: a ``CORS`` object, by default that of the constructor.
        """
        if cors is not None:
            self.cors = cors

        @app.before_request
        async def csrf_before_request(request):
            if self._is_protected(request) and not self._is_allowed(request):
                abort(403, 'Forbidden')

    def exempt(self, f):
        """Decorate a route that is not to be protected."""
        return mark(f, self.exempt_routes)

    def protect(self, f):
        """Decorate a route that is to be protected, whatever its method."""
        return mark(f, self.protected_routes)

    def _is_protected(self, request):
        if is_marked(request.route, self.protected_routes):
            return True
        # A page of any site may open a WebSocket, which is a GET at first.
        safe = request.method.upper() in self.SAFE_METHODS and (
            request.headers.get('Upgrade', '').lower() != 'websocket'
        )
        return self.protect_all and not safe and not is_marked(request.route, self.exempt_routes)

    def _is_allowed(self, request):
        headers = request.headers
        site, origin = headers.get('Sec-Fetch-Site'), headers.get('Origin')
        unnamed = site == 'same-site' and origin is None and self.allow_subdomains
        if site in ('same-origin', 'none') or unnamed:
            request.vary('Sec-Fetch-Site')
            return True
        if origin is None:
            if site is not None:
                return False
            referer = headers.get('Referer')
            if not referer:
                return not headers.get('User-Agent', '').startswith('Mozilla/')
            origin = '/'.join(referer.split('/')[:3])
        return self._is_listed(request, origin, site)

    def _is_listed(self, request, origin, site):
        """Tell whether an origin is the server's own, one of ``cors``, or a subdomain of these."""
        # Nothing below is true of 'null', which any page can send.
        scheme, _, host = origin.lower().partition('://')
        listed = self.cors.allowed_origins if self.cors else None
        listed = [listed] if isinstance(listed, str) else list(listed or ())
        if site is None or (site == 'same-site' and self.allow_subdomains):
            own = request.headers.get('Host', '')
            # A server without TLS may stand behind a proxy that has it: either scheme will do.
            if scheme == 'https' or (scheme == 'http' and request.scheme != 'https'):
                listed.append(scheme + '://' + own)
        for other in listed:
            other_scheme, _, other_host = other.lower().partition('://')
            if other_host and scheme == other_scheme:
                if host == other_host:
                    return True
                if self.allow_subdomains and host.endswith('.' + other_host):
                    return True
        return False
