"""MicroPython goes through all of a full hash table for each name that is not in it.

That a module's does not have the name of a built-in, and a class's not that of an attribute of its
instances, or of its base, is found out for most names of a request.
"""

import asyncio

from microdot import application, compat, connection, http1, response, sse, streaming
from microdot.request import Request
from support import MICROPYTHON, skip

SIZES = (17, 23, 29, 37, 47, 59, 73)  # as they grow; smaller ones cost little


def test_modules_and_classes_are_not_full():
    if not MICROPYTHON:
        skip('hash tables of MicroPython')
    modules = [application, compat, connection, http1, response, sse, streaming, asyncio.core]
    classes = [Request, response.Response, connection.Connection, sse.SSE]
    for owner in modules + classes:
        assert len(owner.__dict__) not in SIZES, owner
