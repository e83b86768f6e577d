"""pytest on CPython: runs `async def` tests on a fresh loop, and knows the core tests' skip.

Every asynchronous test has DEADLINE seconds; one that hangs fails, the others go on.
"""

import asyncio
import functools
import inspect
import sys
from pathlib import Path

import pytest

import support
from browsing import chromium  # noqa: F401

DEADLINE = 20

# For tests of the tools, and with them. Last: it has a test.py, like the standard library.
sys.path.append(str(Path(__file__).resolve().parents[1] / 'tools'))


def pytest_collection_modifyitems(items):
    """Give pytest plain functions to call, with the arguments it found for the originals."""
    for item in items:
        item.obj = plain(item.obj)


def plain(function):
    """Return a test function as one that pytest can call: not a coroutine, skipping its way."""

    @functools.wraps(function)
    def test(*args, **kwargs):
        try:
            if inspect.iscoroutinefunction(function):
                asyncio.run(within_deadline(function(*args, **kwargs)))
            else:
                function(*args, **kwargs)
        except support.Skip as exc:
            pytest.skip(str(exc))

    return test


async def within_deadline(coro):
    """Await the coroutine; AssertionError if it is still busy after DEADLINE seconds."""
    task = asyncio.ensure_future(coro)
    done, _ = await asyncio.wait([task], timeout=DEADLINE)
    if not done:
        task.cancel()
        await asyncio.wait([task], timeout=1)
        raise AssertionError(f'still running after {DEADLINE} s')
    return task.result()
