"""The names of ``microdot.microdot``, where applications written for Microdot 2 look for them."""

from .application import Microdot
from .compat import invoke_handler, iscoroutine, json, mro, print_exception
from .http1 import HTTPException, NoCaseDict, abort
from .request import AsyncBytesIO, Request
from .response import MUTED_SOCKET_ERRORS, Response
from .routing import URLPattern
from .urlencoded import MultiDict, urldecode, urlencode

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
