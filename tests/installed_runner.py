"""Runs core test files on the framework that a runtime finds, and says which that is.

    PYTHON tests/installed_runner.py tests/core/test_x.py ...

    FILE path                 before a file, then what micropython_runner prints of it
    FROM path                 at the end, for each module of the framework that was imported

On both runtimes, without pytest; files whose tests are many need a MicroPython of their own.
"""

import sys

import micropython_runner

PACKAGES = ('microdot', 'utemplate')


def print_exception(exc, file):
    """What MicroPython has as `sys.print_exception`."""
    import traceback

    traceback.print_exception(type(exc), exc, exc.__traceback__, file=file)


def main(paths):
    """Run the files; exits 1 after a failure."""
    if not hasattr(sys, 'print_exception'):
        sys.print_exception = print_exception
    failed = 0
    for path in paths:
        folder, _, file = path.rpartition('/')
        sys.path[0] = folder  # instead of this script's own
        print('FILE', path)
        failed += micropython_runner.run(file[:-3], path)
    for name in sorted(sys.modules):
        if name.split('.')[0] in PACKAGES:
            print('FROM', sys.modules[name].__file__)
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main(sys.argv[1:])
