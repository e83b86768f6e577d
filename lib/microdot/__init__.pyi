from .application import Microdot as Microdot
from .compat import iscoroutine as iscoroutine
from .http1 import abort as abort
from .request import AsyncBytesIO as AsyncBytesIO
from .request import Request as Request
from .response import Response as Response
from .routing import URLPattern as URLPattern

__version__: str

redirect = Response.redirect
send_file = Response.send_file
