"""Runs the tests of an application on both runtimes.

    microdot-kit test [FOLDER] [--runtime micropython] [--heap 256K]

Each `test_*.py` of the folder is run as a program in it, with the framework at hand; one whose exit
status is not 0 has failed. Of a file that is no program, one without `__main__` in it, the
functions `test_*` are called. The exit status is 1 if any has, or there are none.
"""

import argparse
import re
import subprocess
from pathlib import Path

from microdot_kit import run
from microdot_kit.steps import Failure, exit_status

FUNCTIONS = Path(__file__).resolve().parent / 'programs' / 'functions.py'
DEFINED = re.compile(r'^(?:async )?def test_', re.MULTILINE)
RUNTIMES = ('micropython', 'cpython')


def options(arguments):
    parser = argparse.ArgumentParser(prog='microdot-kit test', description='Run tests.')
    parser.add_argument('app', nargs='?', default='.', type=Path, metavar='FOLDER')
    parser.add_argument('--heap', default=run.HEAP, help="MicroPython's heap")
    parser.add_argument('--runtime', choices=RUNTIMES, help='only this one')
    return parser.parse_args(arguments)


def test(chosen):
    if not chosen.app.is_dir():
        raise Failure(f'{chosen.app}: no such folder')
    files = sorted(chosen.app.glob('test_*.py'))
    if not files:
        raise Failure(f'{chosen.app}: no test_*.py in there')
    run.check_heap(chosen.heap)
    failed = []
    for runtime in [chosen.runtime] if chosen.runtime else RUNTIMES:
        if runtime == 'cpython':
            run.install_requirements(chosen.app.resolve())
        for file in files:
            print(f'{runtime}: {file.name}', flush=True)
            line, environment = run.command(runtime, chosen.heap, program(file))
            if subprocess.run(line, cwd=chosen.app, env=environment).returncode:
                failed.append(f'{file.name} on {runtime}')
    if failed:
        raise Failure('Failed: ' + ', '.join(failed))
    print('All have passed')


def program(file):
    """What a runtime is to run for a file of tests, in its folder."""
    text = file.read_text(encoding='utf-8')
    if DEFINED.search(text) and '__main__' not in text:
        return [str(FUNCTIONS), file.stem]
    return [file.name]


def main(arguments):
    return exit_status(test, options(arguments))
