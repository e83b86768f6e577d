"""pytest on CPython: runs `async def` tests on a fresh loop, and knows the core tests' skip.

Every asynchronous test has DEADLINE seconds; one that hangs fails, the others go on.
"""

import asyncio
import functools
import inspect
import os
import signal
import sys
from pathlib import Path

import pytest

import support
import tables
from browsing import chromium  # noqa: F401

DEADLINE = 20
# Folders with tests that take long.
SLOW = ('docs', 'examples', 'firmware', 'http', 'tools', 'wire')

# What a parent ignores (nohup, a job in the background) its children ignore, down to the servers
# that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# For tests of the tools, and with them.
sys.path.append(str(Path(__file__).resolve().parents[1] / 'tools'))


def pytest_terminal_summary(terminalreporter):
    """Print the tables that tests have filled, and keep them."""
    for name in ('wire', 'live'):
        if os.environ.get(f'TEST_{name.upper()}'):
            text = '\n'.join(tables.lines())
            terminalreporter.write_line(text)
            report = Path(__file__).resolve().parents[1] / 'build' / f'{name}.md'
            report.write_text(text.strip() + '\n')


def pytest_collection_modifyitems(items):
    """Give pytest plain functions to call, with the arguments it found for the originals.

    What needs a browser is slow.
    """
    order = mixed(dict.fromkeys(item.path for item in items))
    items.sort(key=lambda item: order[item.path])
    for item in items:
        item.obj = plain(item.obj)
        if 'chromium' in item.fixturenames:
            item.add_marker('slow')


def mixed(files):
    """{file: what to sort by}: the slow folders' first, those of each spread among the others'.

    In several processes, boards that compute then run beside what waits, and nothing long is left
    at the end.
    """
    folders = {}
    for file in files:
        folders.setdefault(file.parent, []).append(file)
    return {
        file: (file.parent.name not in SLOW, number / len(folder))
        for folder in folders.values()
        for number, file in enumerate(folder)
    }


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
