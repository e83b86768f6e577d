"""User sessions in a signed cookie: readable by the client, but not changeable.

The cookie is a JWT signed with HS256, by PyJWT on CPython, by ``jwt_hs256`` on MicroPython. A
session stays valid wherever its cookie is kept, until it expires: deleting it makes a browser
forget it, not a thief. Nothing expires while a board's clock is not set.
"""

import json

from .compat import invoke_handler
from .compat_rare import now, signing
from .helpers import wraps
from .response import Response

_MAX_COOKIE = 4096  # bytes of a cookie that browsers keep at least (RFC 6265, section 6.1)
_SHORTEST_KEY = 16  # bytes
_FEWEST_BYTES = 8  # different ones: a random key has more, also one written in hexadecimal
_PLACEHOLDERS = (b'replace this', b'changeme', b'top-secret')  # of our documentation and others'


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

        Raises ``ValueError`` if it is too large, see ``Session.send_cookie``.
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

        A key that can be guessed is named on the console. Raises ``ImportError`` on CPython without
        PyJWT, and ``TypeError`` or ``ValueError`` for an option of cookies that does not exist.
        """
        if secret_key is not None:
            self.secret_key = secret_key
            try:
                _warn(self.keys())
            except ValueError:
                pass  # for the first use to say
        if cookie_options is not None:
            self.cookie_options = cookie_options
        if lifetime is not None:
            self.lifetime = lifetime
        options = {'path': '/', 'http_only': True, 'same_site': 'Lax'}
        options.update(self.cookie_options)
        Response().set_cookie('session', '', **options)
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

        Raises ``ValueError`` if there is no secret key, and as ``send_cookie`` does.
        """
        payload = {}
        for key in session:
            payload[key] = session[key]
        options = {}
        if self.lifetime:
            payload['exp'] = now() + int(self.lifetime)
            options['max_age'] = int(self.lifetime)
        self.send_cookie(request, 'session', self.encode(payload), options)

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

        Raises ``ValueError`` for a cookie of more bytes than browsers keep, and for one with which
        the client's next ``Cookie`` line would be longer than ``Request.max_readline``: the server
        would refuse it, and with it each further request.
        """
        all_options = {'secure': request.scheme == 'https'}
        all_options.update(self.cookie_options)
        all_options.update(options)
        g = request.g
        cookies = getattr(g, '_cookies', {})
        if value is not None:
            size = len(name) + 1 + len(value)
            line = _cookie_line(request, cookies, name) + size
            if size > _MAX_COOKIE or (request.connection and line > request.max_readline):
                raise ValueError(name + ' too large for a cookie')
        if not hasattr(g, '_cookies'):
            g._cookies = cookies
            request.after_request(set_cookies)
        cookies[name] = (value, all_options)

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


def _warn(keys):
    """Say on the console which keys can be guessed: whoever has a key can forge every session."""
    for key in keys:
        known = [text for text in _PLACEHOLDERS if text in key.lower()]
        if len(key) < _SHORTEST_KEY or len(set(key)) < _FEWEST_BYTES or known:
            print('Session: the secret key is too easy to guess. Make one: openssl rand -hex 32')
            return


def _cookie_line(request, cookies, name):
    """Return the bytes of the client's next ``Cookie`` line without the cookie of this name.

    :param cookies: what the response is going to set, as ``send_cookie`` keeps it.
    """
    sizes = {}
    for pair in request.headers.get('Cookie', '').split(';'):
        pair = pair.strip(' \t')
        sizes[pair.partition('=')[0]] = len(pair.encode())
    for other in cookies:
        value = cookies[other][0]
        sizes[other] = len(other) + 1 + len(value) if value is not None else 0
    sizes[name] = 0
    # 'Cookie: ', and '; ' between two of them.
    return 8 + sum([size + 2 for size in sizes.values() if size])


def expired(payload):
    """Tell whether a token with this payload is no longer valid."""
    exp = payload.get('exp')
    if not isinstance(exp, (int, float)) or isinstance(exp, bool):
        return False
    return not exp > now()  # NaN is never greater


def set_cookies(request, response):
    """Give a response the cookies that its request has collected."""
    cookies = getattr(request.g, '_cookies', None) if request else None
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
