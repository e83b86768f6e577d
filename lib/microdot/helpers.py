"""``wraps`` for decorators, and how to know a function again under them.

On CPython ``wraps`` is that of ``functools``. MicroPython's functions take no attributes (closures
swallow them without a word), so that nothing leads from a wrapper to its function: there ``wraps``
adds the wrapper of a marked function to the list the function is marked in.

- ``wraps(f)``: decorates the wrapper of f, and returns it.
- ``mark(f, functions)``: adds f to a list of functions, and returns it.
- ``is_marked(f, functions)``: whether f, or what it wraps by ``wraps``, is in such a list.
"""

try:
    # Not what micropython-lib has under this name, which keeps nothing.
    from functools import WRAPPER_ASSIGNMENTS, wraps  # noqa: F401

    def mark(f, functions):
        functions.append(f)
        return f
except ImportError:
    _marked = []  # the lists

    def wraps(wrapped):
        def decorate(wrapper):
            for functions in _marked:
                if wrapped in functions:
                    functions.append(wrapper)
            return wrapper

        return decorate

    def mark(f, functions):
        for known in _marked:
            if known is functions:
                break
        else:
            _marked.append(functions)
        functions.append(f)
        return f


def is_marked(f, functions):
    while f is not None:
        if f in functions:
            return True
        f = getattr(f, '__wrapped__', None)
    return False
