"""The files people have put here, in one folder, under names that can do no harm."""

import os

FOLDER = 'files'
MOST = 24  # files
LENGTH = 48  # characters of a name
PLAIN = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. '

try:
    os.mkdir(FOLDER)
except OSError:
    pass  # it is there


def safe_name(name):
    """The name to keep a file under, whatever name it came with.

    The last part of a path alone, of plain characters, neither hidden nor empty, and short; so that
    it is a file of this folder, on any file system.
    """
    name = name.replace('\\', '/').split('/')[-1]
    name = ''.join([c if c in PLAIN else '_' for c in name]).strip('. ')
    stem, dot, extension = name.rpartition('.')
    if stem and len(extension) < 10:
        name = stem[: LENGTH - len(extension) - 1].rstrip('. ') + dot + extension
    return name[:LENGTH].rstrip('. ') or 'unnamed'


def path(name):
    return FOLDER + '/' + name


def has(name):
    """Whether there is a file of that name, which must be one that `safe_name` gives."""
    return safe_name(name) == name and name in os.listdir(FOLDER)


def free_place(name):
    """The name for a new file, or of the one it replaces; `None` if the shelf is full."""
    name = safe_name(name)
    return name if has(name) or len(items()) < MOST else None


def items():
    """The files as lists: name, bytes. Names with a dot in front are of uploads under way."""
    names = sorted([name for name in os.listdir(FOLDER) if name[0] != '.'])
    return [[name, os.stat(path(name))[6]] for name in names]


def remove(name):
    os.remove(path(name))
