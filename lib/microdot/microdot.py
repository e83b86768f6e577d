"""The names of ``microdot.microdot``, where applications written for Microdot 2 look for them."""

from .application import Microdot
from .compat import invoke_handler, iscoroutine, json, mro, print_exception
from .datastructures import MultiDict, NoCaseDict
from .errors import HTTPException, abort
from .parsing import AsyncBytesIO
from .request import Request
from .responding import MUTED_SOCKET_ERRORS
from .response import Response
from .routing import URLPattern
from .urlcoding import urldecode, urlencode

redirect = Response.redirect
send_file = Response.send_file

__all__ = (
    'AsyncBytesIO',
    'HTTPException',
    'MUTED_SOCKET_ERRORS',
    'Microdot',
    'MultiDict',
    'NoCaseDict',
    'Request',
    'Response',
    'URLPattern',
    'abort',
    'invoke_handler',
    'iscoroutine',
    'json',
    'mro',
    'print_exception',
    'redirect',
    'send_file',
    'urldecode',
    'urlencode',
)


def __getattr__(name):
    # MicroPython asks here for the module that ``from microdot import module`` names.
    try:
        return __import__('microdot.' + name, None, None, ('',))
    except ImportError:
        raise AttributeError(name) from None
