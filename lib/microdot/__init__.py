"""A web framework that fits a microcontroller: the API of Microdot 2 on MicroPython and CPython."""

from .application import Microdot
from .errors import abort
from .request import AsyncBytesIO, Request
from .response import Response
from .routing import URLPattern
from .compat import iscoroutine

__version__ = '0.1.0'

redirect = Response.redirect
send_file = Response.send_file
