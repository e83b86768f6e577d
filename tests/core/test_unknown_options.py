"""Options that do not exist, one letter short perhaps, are a `TypeError` at once."""

from microdot import Microdot
from microdot.auth import BasicAuth, TokenAuth
from microdot.cors import CORS
from microdot.csrf import CSRF
from microdot.guard import Guard
from microdot.login import Login
from microdot.multipart import with_form_data
from microdot.session import Session, with_session
from microdot.static import Static
from microdot.utemplate import Template
from microdot.websocket import with_websocket
from support import raises

ROOT = __file__[: __file__.rfind('/') + 1] + 'static'
KEY = 'a secret key of thirty-two bytes'


def handler(request):
    return 'x'


def keywords(**kwargs):
    return kwargs


# what is called, with which arguments, with the option that does not exist
CALLS = (
    (BasicAuth, (), keywords(gard=Guard())),
    (BasicAuth, (), keywords(relm='x')),
    (TokenAuth, (), keywords(error_code=403)),
    (BasicAuth().optional, (handler,), keywords(realm='x')),
    (BasicAuth(), (handler,), keywords(optional=True)),
    (CORS, (), keywords(allowed_origin=['https://a.b'])),
    (CORS, (), keywords(vary=True)),
    (CSRF, (), keywords(protect=True)),
    (CSRF().protect, (handler,), keywords(allow_subdomains=True)),
    (CSRF().exempt, (handler,), keywords(methods=['GET'])),
    (Guard, (), keywords(attempts=3)),
    (Login, (), keywords(login_uri='/in')),
    (Login(), (handler,), keywords(fresh=True)),
    (Login().fresh, (handler,), keywords(days=3)),
    (with_form_data, (handler,), keywords(max_files=3)),
    (with_session, (handler,), keywords(lifetime=3)),
    (Session, (), keywords(key=KEY)),
    (Session, (), keywords(cookie_options={'samesite': 'Strict'})),
    (Session(None, KEY).initialize, (None,), keywords(cookie_options={'httponly': True})),
    (Static, (ROOT,), keywords(maxage=5)),
    (Microdot().static, ('/', ROOT), keywords(hiden=True)),
    (Microdot().route, ('/',), keywords(method='POST')),
    (Microdot().get, ('/',), keywords(methods=['POST'])),
    (Microdot().mount, (Microdot(),), keywords(prefix='/x')),
    (with_websocket, (), keywords(allowed_origin=True)),
    (with_websocket, (), keywords(closed=True)),
    (with_websocket, (), keywords(_left=1)),
    (with_websocket, (), keywords(send=1)),
    (Template.initialize, (), keywords(auto_escape=True)),
)


def test_unknown_options():
    for call, args, kwargs in CALLS:
        try:
            raises(TypeError, call, *args, **kwargs)
        except AssertionError:
            raise AssertionError(str(call) + str(kwargs))
