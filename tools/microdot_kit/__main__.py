"""The command `microdot-kit`: one subcommand for each thing that people do with an application.

A subcommand is a module with a function `main(arguments)`, imported only when it is asked for: each
needs other packages.
"""

import argparse
import importlib
import sys
from pathlib import Path

COMMANDS = {
    'new': 'make a small application to begin with',
    'run': 'serve an application, on MicroPython or CPython',
    'test': 'run the tests of an application on both',
    'deploy': 'put an application and the framework onto a board',
    'keys': 'make the keys that updates are signed and checked with',
    'update': 'make a signed update',
    'send': 'send an update to a board over the network',
    'repl': 'talk to the Python of a board',
    'find': 'list the boards in this network',
    'flash': 'write a firmware to a board',
    'image': 'put the framework and an application into a downloaded MicroPython for an ESP32',
    'romfs': 'pack the framework and an application into a ROMFS image',
    'flasher': 'make a web page that installs an application on a board',
    'templates': 'compile templates ahead of time',
    'resources': 'pack files into a Python module',
    'credentials': 'write a network.json, which says how to join a Wi-Fi network',
}
# What a clone installs for them, unless it is what deploys.
NEEDED = {'find': 'find', 'flasher': 'esp32', 'image': 'esp32'}


def parser():
    made = argparse.ArgumentParser(
        prog='microdot-kit', description='Web applications for MicroPython, from run to board.'
    )
    commands = made.add_subparsers(required=True, metavar='COMMAND')
    for name, about in COMMANDS.items():
        commands.add_parser(name, help=about)
    return made


def main(arguments=None):
    """Run a subcommand and return its exit status."""
    from microdot_kit import runtimes, words

    runtimes.check_python()
    name, *rest = arguments or sys.argv[1:] or ['--help']
    if name not in COMMANDS:
        parser().parse_args([name])
    try:
        command = importlib.import_module('microdot_kit.' + name)
    except ModuleNotFoundError as error:
        missing = error.name.partition('.')[0]
        if missing == 'microdot_kit':
            raise
        needed = NEEDED.get(name, 'deploy')
        sys.exit(words.said(f'{missing} is not installed: make .venv/stamps/{needed}'))
    return command.main(rest)


if __name__ == '__main__':
    if not __package__:  # started by the path of this folder
        sys.path[0] = str(Path(__file__).resolve().parents[1])
    sys.exit(main())
