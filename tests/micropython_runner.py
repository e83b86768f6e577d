"""Runs the tests of one core test file on MicroPython, and says how each went, a line a test.

    micropython tests/micropython_runner.py tests/core/test_x.py [part of a test's name]

    RUN name                  before the test, so that a crash or a hang has a name
    PASS name                 or `SKIP name reason`, or `FAIL name message` after the traceback
    DONE passed failed skipped

The output without a DONE line is that of a runner that did not reach the end. The exit status is 1
after a failure. Functions `test_*`, plain or `async def`, run in the order in which the file
defines them; asynchronous ones on a fresh event loop, with DEADLINE seconds each.
"""

import asyncio
import gc
import sys

DEADLINE = 20


def make_room_for_names():
    """Let MicroPython's table of names grow while the heap is empty.

    A full table makes one of twice its size, in one piece: 8 KB for the 631st name. Whether there
    is such a piece late in a test that compiles all it imports would be chance, and change with
    each name that is added anywhere. Frozen modules, as boards have them, bring their own tables.
    """
    for i in range(480):  # asyncio and the test bring it beyond 630 before they have taken much
        hasattr(sys, '%x' % i)
    gc.collect()


def names_in(path):
    """The names of the file's test functions in the order of their lines; none without source."""
    names = []
    try:
        source = open(path)
    except OSError:
        return names
    with source:
        for line in source:
            if line.startswith('async def test_') or line.startswith('def test_'):
                names.append(line[: line.index('(')].split()[-1])
    return names


def tests_of(module, path):
    """All tests of an imported module: as the source has them, then generated ones by name."""
    names = [name for name in names_in(path) if hasattr(module, name)]
    for name in sorted(dir(module)):
        if name.startswith('test_') and callable(getattr(module, name)) and name not in names:
            names.append(name)
    return names


async def within_deadline(coro):
    """Await the coroutine; AssertionError if it is still busy after DEADLINE seconds."""
    try:
        await asyncio.wait_for(coro, DEADLINE)
    except asyncio.TimeoutError as exc:
        # The test's own TimeoutError looks the same: let its traceback tell which it is.
        sys.print_exception(exc, sys.stdout)
        raise AssertionError('timed out, perhaps after %d s' % DEADLINE)


def call(test):
    """Call a test function; if that gives a coroutine, run it on a fresh event loop."""
    result = test()
    if hasattr(result, 'send'):
        asyncio.new_event_loop()
        asyncio.run(within_deadline(result))


def outcome(test):
    """Run one test: `('PASS', '')`, `('SKIP', reason)` or, its traceback printed, FAIL."""
    try:
        call(test)
    except Exception as exc:
        text = ' '.join(str(exc).split())
        if type(exc).__name__ == 'Skip':
            return 'SKIP', text
        sys.print_exception(exc, sys.stdout)
        return 'FAIL', type(exc).__name__ + ': ' + text
    return 'PASS', ''


def run(module_name, path='', part=''):
    """Import a module and run its tests whose names contain `part`; return the failures."""
    # What applications from source do, too: modules that load on the way would leave the heap in
    # pieces, of which one or the other test then finds none large enough.
    if hasattr(gc, 'threshold'):  # CPython, for installed_runner, has none
        gc.threshold(16384)
    counts = {'PASS': 0, 'FAIL': 0, 'SKIP': 0}
    module = __import__(module_name)
    for name in tests_of(module, path):
        if part not in name:
            continue
        gc.collect()
        print('RUN', name)
        word, text = outcome(getattr(module, name))
        counts[word] += 1
        print(word, name, text)
    print('DONE', counts['PASS'], counts['FAIL'], counts['SKIP'])
    return counts['FAIL']


def main(arguments):
    """Run the file named on the command line; exits 1 after a failure."""
    make_room_for_names()
    path = arguments[0]
    folder, _, file = ('./' + path).rpartition('/')
    sys.path[0] = folder  # instead of this script's own
    sys.exit(1 if run(file[:-3], path, ''.join(arguments[1:2])) else 0)


if __name__ == '__main__':
    main(sys.argv[1:])
