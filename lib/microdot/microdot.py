"""The names of ``microdot.microdot``, where applications written for Microdot 2 look for them."""

from .application import Microdot
from .compat import MUTED_SOCKET_ERRORS, invoke_handler, iscoroutine, json, mro, print_exception
from .datastructures import MultiDict, NoCaseDict, urldecode, urlencode
from .errors import HTTPException, abort
from .request import AsyncBytesIO, Request
from .response import Response
from .routing import URLPattern

redirect = Response.redirect
send_file = Response.send_file
