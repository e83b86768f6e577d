"""User sessions in a signed cookie: readable by the client, but not changeable.

The cookie is a JWT signed with HS256, by PyJWT on CPython, by ``jwt_hs256`` on MicroPython. A
session stays valid wherever its cookie is kept, until it expires: deleting it makes a browser
forget it, not a thief. Nothing expires while a board's clock is not set.
"""

import json

from .compat import invoke_handler, now, signing
from .helpers import wraps

_MAX_COOKIE = 4096  # bytes of a cookie that browsers keep at least (RFC 6265, section 6.1)


class SessionDict(dict):
    """A user's session: a dictionary of what JSON can hold.

    :param request: the request it came with.
    :param session_dict: a dictionary to copy.
    """

    def __init__(self, request, session_dict):
        super().__init__()
        self.update(session_dict)
        self.request = request

    def save(self):
        """Send the session with the response; what is changed later is not saved.

        Raises ``ValueError`` if it is too large for a cookie.
        """
        self.request.app._session.update(self.request, self)

    def delete(self):
        """Empty the session, and make the client forget it."""
        self.request.app._session.delete(self.request)


class Session:
    """The sessions of an application.

    :param app: the application; without one, ``initialize`` is to be called later.
    :param secret_key: str or bytes, at least 32 of them and random; or a list of keys, of which the
        first signs and all verify, so that a key can be replaced without ending sessions.
    :param cookie_options: a dictionary of options for ``set_cookie``. Unless it says otherwise the
        cookie is for the path ``'/'``, hidden from scripts (``http_only``), left out of most
        requests from other sites (``same_site='Lax'``), and ``secure`` if the request came by TLS.
    :param lifetime: seconds after its last save that a session expires; ``None`` for never, with a
        cookie that lasts as long as the browser runs. It takes the key ``exp`` of sessions.
    """

    secret_key = None
    lifetime = None

    def __init__(self, app=None, secret_key=None, cookie_options=None, lifetime=None):
        self.cookie_options = {}
        self.initialize(app, secret_key, cookie_options, lifetime)

    def initialize(self, app, secret_key=None, cookie_options=None, lifetime=None):
        """Serve an application; what is not ``None`` replaces what has been set before.

        Raises ``ImportError`` on CPython without PyJWT.
        """
        if secret_key is not None:
            self.secret_key = secret_key
        if cookie_options is not None:
            self.cookie_options = cookie_options
        if lifetime is not None:
            self.lifetime = lifetime
        options = {'path': '/', 'http_only': True, 'same_site': 'Lax'}
        options.update(self.cookie_options)
        self.cookie_options = options
        if app is not None:
            signing()  # whose absence is better noticed now than by a request
            app._session = self
            if set_cookies not in app.after_error_request_handlers:
                app.after_error_request(set_cookies)

    def get(self, request):
        """Return the ``SessionDict`` of a request, an empty one if it has no valid session.

        Raises ``ValueError`` if there is no secret key.
        """
        self.keys()
        g = request.g
        if not hasattr(g, '_session'):
            request.vary('Cookie')
            session = self.decode(request.cookies.get('session'))
            if self.lifetime:
                session.pop('exp', None)
            g._session = SessionDict(request, session)
        return g._session

    def update(self, request, session):
        """Send a session with the response, as it is now.

        :param request: the request.
        :param session: a dictionary.

        Raises ``ValueError`` if there is no secret key, or the session is too large for a cookie.
        """
        payload = {}
        for key in session:
            payload[key] = session[key]
        options = {}
        if self.lifetime:
            payload['exp'] = now() + int(self.lifetime)
            options['max_age'] = int(self.lifetime)
        token = self.encode(payload)
        # The own server would refuse the line with a longer one, and with it each further request.
        longest = request.max_readline - 8 if request.connection else _MAX_COOKIE
        if len(token) + 8 > longest:
            raise ValueError('session too large')
        self.send_cookie(request, 'session', token, options)

    def delete(self, request):
        """Empty the session of a request, and make the client forget it.

        :param request: the request.
        """
        if hasattr(request.g, '_session'):
            request.g._session.clear()
        self.send_cookie(request, 'session', None)

    def send_cookie(self, request, name, value, options=()):
        """Send a cookie like the session's with the response, an error response too.

        Of several with the same name in a request the last counts.

        :param request: the request.
        :param name: the name.
        :param value: the value; ``None`` deletes the cookie.
        :param options: a dictionary of options that go before ``cookie_options``.
        """
        all_options = {'secure': request.scheme == 'https'}
        all_options.update(self.cookie_options)
        all_options.update(options)
        g = request.g
        if not hasattr(g, '_cookies'):
            g._cookies = {}
            request.after_request(set_cookies)
        g._cookies[name] = (value, all_options)

    def keys(self, secret_key=None):
        """Return the list of secret keys, as bytes. Raises ``ValueError`` if there is none.

        :param secret_key: what to use in place of the session's own.
        """
        keys = secret_key or self.secret_key
        if not isinstance(keys, (list, tuple)):
            keys = [keys]
        if not keys or not all(keys):
            raise ValueError('the session has no secret key')
        return [key.encode() if isinstance(key, str) else key for key in keys]

    def encode(self, payload, secret_key=None):
        """Return the token of a dictionary, a str.

        :param payload: the dictionary.
        :param secret_key: what to sign it with in place of the session's own.

        Raises ``ValueError`` if there is no secret key.
        """
        data = json.dumps(payload, separators=(',', ':'))
        return signing().sign(data.encode(), self.keys(secret_key)[0])

    def decode(self, token, secret_key=None):
        """Return the dictionary of a token, an empty one if it is not valid or has expired.

        Of the claims only ``exp`` has a meaning, if it is a number; all others are data.

        :param token: the token, str or bytes.
        :param secret_key: what to verify it with in place of the session's own.

        Raises ``ValueError`` if there is no secret key.
        """
        for key in self.keys(secret_key):
            data = signing().verify(token, key) if token else None
            if data is not None:
                try:
                    payload = json.loads(data.decode())
                except ValueError:
                    return {}
                return payload if isinstance(payload, dict) and not expired(payload) else {}
        return {}


def expired(payload):
    """Tell whether a token with this payload is no longer valid."""
    exp = payload.get('exp')
    if not isinstance(exp, (int, float)) or isinstance(exp, bool):
        return False
    return not exp > now()  # NaN is never greater


def set_cookies(request, response):
    """Give a response the cookies that its request has collected."""
    cookies = getattr(request.g, '_cookies', None) if request and request.has_g else None
    for name in cookies or ():
        value, options = cookies[name]
        if value is None:
            response.delete_cookie(name, **options)
        else:
            response.set_cookie(name, value, **options)


def with_session(f):
    """Decorate a handler ``f(request, session, ...)`` that gets the session of its request.

    Changes are sent to the client by ``session.save()`` only.
    """

    @wraps(f)
    async def wrapper(request, *args, **kwargs):
        return await invoke_handler(f, request, request.app._session.get(request), *args, **kwargs)

    return wrapper
