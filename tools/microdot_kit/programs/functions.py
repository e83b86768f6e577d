"""Calls the test functions of a module: of a file that does not do so itself (microdot-kit test).

    micropython functions.py MODULE

The exit status is 1 if one has raised an exception, which is printed.
"""

import asyncio
import sys


def call(function):
    """Call a function, or run a coroutine function to its end; return whether it has passed."""
    try:
        result = function()
        if hasattr(result, 'send'):
            asyncio.new_event_loop()  # MicroPython keeps the tasks of the one before
            asyncio.run(result)
        return True
    except Exception as exc:
        if hasattr(sys, 'print_exception'):
            sys.print_exception(exc)
        else:
            import traceback

            traceback.print_exception(type(exc), exc, exc.__traceback__.tb_next)
        return False


def main(name):
    sys.path[0] = ''  # the current folder, instead of this script's own
    module = __import__(name)
    passed = True
    for key in sorted(dir(module)):
        if key.startswith('test_'):
            done = call(getattr(module, key))
            print(key, 'passed' if done else 'failed')
            passed = passed and done
    sys.exit(0 if passed else 1)


if __name__ == '__main__':
    main(sys.argv[1])
