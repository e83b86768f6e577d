"""What the core tests share on both runtimes: expecting exceptions, skipping, running a coroutine.

Nothing here needs pytest, so the same test files run under it on CPython and under
`tests/micropython_runner.py` on MicroPython.
"""

import asyncio
import sys

MICROPYTHON = sys.implementation.name == 'micropython'


class Skip(Exception):
    """Raised by `skip()`; both runners count the test as skipped."""


def skip(reason):
    """End the running test as skipped, for the given reason."""
    raise Skip(reason)


def _unraised(exc_type, result):
    names = exc_type if isinstance(exc_type, tuple) else (exc_type,)
    names = ' or '.join([name.__name__ for name in names])
    return AssertionError('{} not raised; the result was {!r}'.format(names, result))


def raises(exc_type, function, *args, **kwargs):
    """Call the function and return the exception of that type (or tuple of types) it raises.

    Raises AssertionError if the call returns; an exception of any other type passes through.
    """
    try:
        result = function(*args, **kwargs)
    except exc_type as exc:
        return exc
    raise _unraised(exc_type, result)


async def araises(exc_type, awaitable):
    """Await the awaitable and return the exception of that type it raises, like `raises()`."""
    try:
        result = await awaitable
    except exc_type as exc:
        return exc
    raise _unraised(exc_type, result)


def run(coro):
    """Run a coroutine to its end on a fresh event loop and return its result."""
    if MICROPYTHON:
        asyncio.new_event_loop()
    return asyncio.run(coro)
