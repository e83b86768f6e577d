"""HTTP authentication: ``BasicAuth`` (RFC 7617) and ``TokenAuth`` (such as RFC 6750).

An instance decorates routes, below the route's own decorator::

    auth = BasicAuth()

    @auth.authenticate
    async def check(request, username, password):
        return users.get(username)  # the user; anything falsy refuses

    @app.get('/')
    @auth
    async def index(request):
        return 'Hello, ' + request.g.current_user.name

Functions that check passwords or tokens ought to compare in constant time. The credentials pass in
the clear unless the server speaks TLS.
"""

from binascii import a2b_base64

from .compat import invoke_handler
from .helpers import wraps
from .http1 import abort


class BaseAuth:
    """What the schemes have in common.

    ``auth_callback(request, *credentials)`` returns the user, ``error_callback(request)`` the
    response to a request without one; both may be coroutines. A ``guard`` slows down who guesses,
    see ``microdot.guard``; the first of several credentials is the name. A subclass has a method
    ``_get_auth(request)`` that returns the tuple of credentials, or ``None``.
    """

    auth_callback = error_callback = guard = None

    def authenticate(self, f):
        """Decorate ``f(request, *credentials)``, which returns the user, or something falsy."""
        self.auth_callback = f
        return f

    def __call__(self, f):
        """Decorate a route for users alone; ``request.g.current_user`` is the user."""
        return self._decorate(f, False)

    def optional(self, f):
        """Decorate a route for all; ``request.g.current_user`` is the user or falsy."""
        return self._decorate(f, True)

    def _decorate(self, f, optional):
        @wraps(f)
        async def wrapper(request, *args, **kwargs):
            credentials = self._get_auth(request)
            user = None
            if credentials is not None and self.guard:
                name = credentials[0] if len(credentials) > 1 else None
                attempt = self.guard.attempt
                user = await attempt(request, name, self.auth_callback, request, *credentials)
            elif credentials is not None:
                user = await invoke_handler(self.auth_callback, request, *credentials)
            request.g.current_user = user
            if user or optional:
                return await invoke_handler(f, request, *args, **kwargs)
            return await invoke_handler(self.error_callback, request)

        return wrapper


class BasicAuth(BaseAuth):
    """Authentication by user name and password, for which browsers have a dialog of their own.

    The scheme of credentials is compared without regard to case: ``Basic``, or that of the
    challenge. What does not decode to UTF-8 with a colon counts as no credentials. To answer with
    something else than the challenge, assign ``error_callback``.

    :param realm: what the user is to log in to; shown by some browsers. Anything but a str gives
        the default.
    :param charset: the encoding that browsers are asked to use; UTF-8 is what is understood.
    :param scheme: the scheme of the challenge; one that browsers do not know keeps them from
        opening their dialog.
    :param error_status: the status of the challenge.
    :param guard: a ``Guard`` that slows down who guesses; ``None`` for none.
    """

    def __init__(
        self, realm='Please login', charset='UTF-8', scheme='Basic', error_status=401, guard=None
    ):
        self.realm = realm if isinstance(realm, str) else 'Please login'
        self.charset = charset
        self.scheme = scheme
        self.error_status = error_status
        self.guard = guard
        self.error_callback = self.authentication_error

    def _get_auth(self, request):
        scheme, _, value = request.headers.get('Authorization', '').partition(' ')
        if scheme.lower() not in ('basic', self.scheme.lower()):
            return None
        try:
            username, colon, password = a2b_base64(value).decode().partition(':')
        except ValueError:
            return None
        return (username, password) if colon else None

    async def authentication_error(self, request):
        """Return the challenge: an empty body and ``WWW-Authenticate``."""
        realm = self.realm.replace('\\', '\\\\').replace('"', '\\"')
        challenge = self.scheme + ' realm="' + realm + '", charset="' + self.charset + '"'
        return '', self.error_status, {'WWW-Authenticate': challenge}


class TokenAuth(BaseAuth):
    """Authentication by a token.

    :param header: the header with the token. In ``Authorization``, thus spelled, the scheme comes
        before it; the value of any other header is the token.
    :param scheme: the scheme, compared without regard to case.
    :param error_status: the status for requests without a user, for which the application may have
        a handler.
    :param guard: a ``Guard`` that slows down who guesses; ``None`` for none.
    """

    def __init__(self, header='Authorization', scheme='Bearer', error_status=401, guard=None):
        self.header = header
        self.scheme = scheme.lower()
        self.error_status = error_status
        self.guard = guard
        self.error_callback = self.authentication_error

    def _get_auth(self, request):
        value = request.headers.get(self.header)
        if not value:
            return None
        if self.header == 'Authorization':
            scheme, blank, value = value.partition(' ')
            if not blank or scheme.lower() != self.scheme:
                return None
            value = value.strip()
        return (value,)

    def errorhandler(self, f):
        """Decorate ``f(request)``, which makes the response to requests without a user."""
        self.error_callback = f
        return f

    async def authentication_error(self, request):
        """Raise ``HTTPException`` with the status for requests without a user."""
        abort(self.error_status)
