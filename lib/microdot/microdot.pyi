import json as json

from .application import Microdot as Microdot
from .compat import invoke_handler as invoke_handler
from .compat import iscoroutine as iscoroutine
from .compat import mro as mro
from .compat import print_exception as print_exception
from .http1 import HTTPException as HTTPException
from .http1 import NoCaseDict as NoCaseDict
from .http1 import abort as abort
from .request import AsyncBytesIO as AsyncBytesIO
from .request import Request as Request
from .response import MUTED_SOCKET_ERRORS as MUTED_SOCKET_ERRORS
from .response import Response as Response
from .routing import URLPattern as URLPattern
from .urlencoded import MultiDict as MultiDict
from .urlencoded import urldecode as urldecode
from .urlencoded import urlencode as urlencode

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
