"""The same application under uvicorn and under gunicorn: by the framework, by others."""

import importlib.util
import sys

from . import steps
from .server import PROGRAMS, Missing, Server

FOLDER = PROGRAMS / 'hosted'
COMMANDS = {
    'uvicorn': '--log-level=error --no-access-log --http=h11 --loop=asyncio --port={port}',
    'gunicorn': '--log-level=error -k gthread --threads=1 --keep-alive=60 -b 127.0.0.1:{port}',
}
# Beside whom; the interface's name that programs begin with.
OTHERS = {'uvicorn': ('starlette', 'asgi'), 'gunicorn': ('bottle', 'wsgi')}
STEPS = (
    steps.Exchange('hello', '/', answer=b'Hello, world!'),
    steps.Exchange(
        'JSON in, out',
        '/state',
        answer={'level': 40},
        method='PUT',
        body=b'{"level": 40}',
        headers={'Content-Type': 'application/json'},
    ),
)


def check():
    """Raise `Missing` if a server or a framework is not installed."""
    for name in (*COMMANDS, *(other for other, _ in OTHERS.values())):
        if importlib.util.find_spec(name) is None:
            raise Missing(f'{name} is missing: `make .venv/stamps/bench` installs it')


def servers(name, libs):
    """[(who, process that serves under the server of that name, not started yet)].

    `libs`: {who: folder of a package}; the last one is the framework that it is compared with."""
    other, interface = OTHERS[name]
    programs = [(who, f'{interface}_microdot', lib) for who, lib in libs.items()]
    programs.append((other, f'{interface}_{other}', FOLDER))
    command = [sys.executable, '-m', name, *COMMANDS[name].split()]
    return [
        (who, Server([*command, f'{program}:app'], lib, cwd=FOLDER))
        for who, program, lib in programs
    ]
