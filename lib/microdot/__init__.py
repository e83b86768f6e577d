"""A web framework that fits a microcontroller: the API of Microdot 2 on MicroPython and CPython."""

# From source, the largest modules are compiled first, while the heap is still empty.
from .response import Response
from .application import Microdot
from .compat import iscoroutine
from .http1 import abort
from .request import AsyncBytesIO, Request
from .routing import URLPattern

redirect = Response.redirect
send_file = Response.send_file

__version__ = '0.2.0'
