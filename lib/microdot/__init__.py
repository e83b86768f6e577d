"""A web framework that fits a microcontroller: the API of Microdot 2 on MicroPython and CPython."""

from .compat import collect, load

# What an import leaves behind is to go before the next one puts something that stays behind it.
collect()
from .request import Request

collect()
from .response import Response

collect()
from .application import Microdot

collect()

__version__ = '0.1.0'


def __getattr__(name):
    # What an application may do without is loaded when it is asked for.
    if name in ('redirect', 'send_file'):
        return getattr(Response, name)
    return load('errors' if name == 'abort' else 'microdot', name)
