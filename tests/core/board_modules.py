"""Modules of the boards (`boards/modules`), for the tests of what the framework does with them."""

import sys

import support

_top = getattr(support, '__file__', '').rpartition('core/')[0]
FOLDER = (_top + '../' if _top else '') + 'boards/modules'


def board_module(name, inside=''):
    """The module `name`, of a folder inside of theirs or frozen in; else the test is skipped."""
    sys.path.insert(0, FOLDER + inside)
    try:
        __import__(name)
    except ImportError as exc:
        if name.partition('.')[0] not in str(exc):
            raise
        support.skip('no sources of the boards here')
    finally:
        del sys.path[0]
    return sys.modules[name]
