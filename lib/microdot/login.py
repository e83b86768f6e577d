"""User logins, kept in the session, and in a cookie of their own if they are to be remembered.

The application needs a configured ``Session``. Users are objects with an ``id`` that JSON can hold.
"""

import hashlib

from .compat import invoke_handler
from .compat_rare import now
from .helpers import wraps
from .response import Response
from .urlencoded import urlencode

_COOKIE = '_remember'
_DAY = 86400


def _remember_keys(session_ext):
    # Keys of their own make sure that no session, whatever users get into it, is such a cookie.
    return [hashlib.sha256(b'microdot remember\0' + key).digest() for key in session_ext.keys()]


def _is_own(url):
    """Tell whether a URL is a path on this site, whatever browsers make of it."""
    # They take a backslash for a slash, and leave out control characters before they look.
    if not url.startswith('/') or url.startswith('//') or '\\' in url:
        return False
    return min(url.encode()) >= 32 and '\x7f' not in url


def _is_user(user):
    return user or hasattr(user, 'id')  # a user may be an empty collection


class Login:
    """Logs users in and out, and keeps others away from routes.

    :param login_url: where those who are not logged in are sent.

    An instance decorates routes that need a login, its method ``fresh`` those for which a
    remembered one is not enough.
    """

    user_loader_callback = user_version_callback = None

    def __init__(self, login_url='/login'):
        self.login_url = login_url

    def user_loader(self, f):
        """Decorate ``f(user_id)``, which returns a user, or ``None`` if there is none."""
        self.user_loader_callback = f
        return f

    def user_version(self, f):
        """Decorate ``f(user)``, which returns a number or str kept with the user.

        When it changes, every login of the user ends, remembered ones too: when the password has
        changed, or to log out everywhere. The client can read it. Logins from before there was such
        a function end, too.
        """
        self.user_version_callback = f
        return f

    async def _version_of(self, user):
        f = self.user_version_callback
        return await invoke_handler(f, user) if f else None

    async def login_user(self, request, user, remember=False, redirect_url='/'):
        """Log a user in, and return a redirect to where the user was going.

        :param request: the request.
        :param user: the user.
        :param remember: ``True`` to remember the login for 30 days from now, or the number of days.
        :param redirect_url: where to go without a ``next`` in the query that is on this site.
        """
        version = await self._version_of(user)
        self._enter(request, user.id, version, True)
        request.g.current_user = user
        if remember:
            age = (30 if remember is True else int(remember)) * _DAY
            payload = {'user_id': user.id, '_version': version, 'exp': now() + age}
            session_ext = request.app._session
            token = session_ext.encode(payload, _remember_keys(session_ext))
            session_ext.send_cookie(request, _COOKIE, token, {'max_age': age, 'expires': None})
        url = request.args.get('next')
        return Response.redirect(url if url and _is_own(url) else redirect_url)

    def _enter(self, request, user_id, version, fresh):
        session = request.app._session.get(request)
        session['_user_id'] = user_id
        session['_fresh'] = fresh
        if version is not None:
            session['_version'] = version
        session.save()

    async def logout_user(self, request):
        """Log the user of a request out.

        :param request: the request.
        """
        session_ext = request.app._session
        session = session_ext.get(request)
        session.pop('_user_id', None)
        session.pop('_fresh', None)
        session.pop('_version', None)
        session.save()
        request.g.current_user = None
        if _COOKIE in request.cookies or _COOKIE in request.g._cookies:
            session_ext.send_cookie(request, _COOKIE, None)

    async def get_current_user(self, request):
        """Return the user of a request, ``None`` if nobody is logged in.

        :param request: the request.
        """
        g = request.g
        if not hasattr(g, 'current_user'):
            g.current_user = await self._load_user(request)
        return g.current_user

    async def _load_user(self, request):
        session_ext = request.app._session
        session = session_ext.get(request)
        user_id = session.get('_user_id')
        login = session
        if user_id is None:
            token = request.cookies.get(_COOKIE)
            login = session_ext.decode(token, _remember_keys(session_ext))
            user_id = login.get('user_id')
        if user_id is None:
            return None
        user = await invoke_handler(self.user_loader_callback, user_id)
        if not _is_user(user):
            return None
        version = await self._version_of(user)
        if self.user_version_callback and login.get('_version') != version:
            return None
        if login is not session:
            self._enter(request, user_id, version, False)
            # The same token for as long as it is good: whoever has a copy is not to prolong it.
            options = {'max_age': int(login['exp'] - now()), 'expires': None}
            session_ext.send_cookie(request, _COOKIE, token, options)
        return user

    def __call__(self, f):
        """Decorate a route that needs a login."""
        return self._protect(f, False)

    def fresh(self, f):
        """Decorate a route for users that have logged in in this session."""
        return self._protect(f, True)

    def _protect(self, f, fresh):
        @wraps(f)
        async def wrapper(request, *args, **kwargs):
            if not fresh or request.app._session.get(request).get('_fresh'):
                if _is_user(await self.get_current_user(request)):
                    return await invoke_handler(f, request, *args, **kwargs)
            url = self.login_url
            if request.method in ('GET', 'HEAD'):  # what a redirect to it can repeat
                url += ('&' if '?' in url else '?') + 'next=' + urlencode(request.url)
            return Response.redirect(url)

        return wrapper
