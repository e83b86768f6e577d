import json as json

from .application import Microdot as Microdot
from .compat import invoke_handler as invoke_handler
from .compat import iscoroutine as iscoroutine
from .compat import mro as mro
from .compat import print_exception as print_exception
from .datastructures import MultiDict as MultiDict
from .datastructures import NoCaseDict as NoCaseDict
from .errors import HTTPException as HTTPException
from .errors import abort as abort
from .parsing import AsyncBytesIO as AsyncBytesIO
from .request import Request as Request
from .responding import MUTED_SOCKET_ERRORS as MUTED_SOCKET_ERRORS
from .response import Response as Response
from .routing import URLPattern as URLPattern
from .urlcoding import urldecode as urldecode
from .urlcoding import urlencode as urlencode

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

redirect = Response.redirect
send_file = Response.send_file
