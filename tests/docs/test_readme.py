"""The README tells the truth: its application is the example, its commands work as printed."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

import building
import needs
from emulator import parts
from microdot_kit import runtimes
from microdot_kit.steps import Failure

README = (runtimes.ROOT / 'README.md').read_text()
DEADLINE = 300


def blocks(language):
    return re.findall(f'^```{language}\n(.*?)^```', README, re.M | re.S)


@contextlib.contextmanager
def running(command):
    """A command of the README that goes on until it is interrupted."""
    process = subprocess.Popen(command, shell=True, cwd=runtimes.ROOT, start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(DEADLINE)


def answer(port):
    """Return (headers, body) of the first answer that the server on a port gives."""
    end = time.monotonic() + DEADLINE
    while True:
        try:
            with urllib.request.urlopen(f'http://localhost:{port}/', timeout=10) as response:
                return response.headers, response.read()
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.2)


def run_dashboard(command):
    with running(command):
        headers, body = answer(5000)
    assert headers['Content-Type'].startswith('text/html') and b'micropython' in body.lower()


def run_board(command):
    building.firmware('rpi_pico')
    try:
        parts.prepare()
    except Failure as exc:
        needs.missing(str(exc))
    run_dashboard(command)


def run_hello(command):
    with running(command):
        assert json.loads(answer(8080)[1]) == {'hello': 'world'}


def install(command):
    # Into an environment of its own: tests/tools/test_packaging.py looks at what it gives.
    target = runtimes.ROOT / 'build' / 'readme'
    command = f'{sys.executable} -m {command} --quiet --no-deps --upgrade --target {target}'
    subprocess.run(command, shell=True, cwd=runtimes.ROOT, check=True, timeout=DEADLINE)
    assert (target / 'microdot' / 'server.py').exists()


def make_packages(command):
    # What they are worth is what tests/tools/test_mip.py and test_bundle.py look at.
    subprocess.run(command, shell=True, cwd=runtimes.ROOT, check=True, timeout=DEADLINE)
    made = {'mip': 'mip/microdot-all.json', 'bundle': 'bundle/microdot.py'}[command.split()[1]]
    assert (runtimes.ROOT / 'build' / made).exists()


# `make test` is what runs this.
COMMANDS = {
    'make run': run_dashboard,
    'make test': None,
    'make run APP=examples/hello/hello.py PORT=8080': run_hello,
    'make firmware BOARD=rpi_pico': lambda command: building.firmware('rpi_pico'),
    'make run BOARD=rpi_pico': run_board,
    'pip install .': install,
    'make mip': make_packages,
    'make bundle': make_packages,
}


def shown():
    """The commands of the README; those that build a firmware or a wheel are slow."""
    for command in ''.join(blocks('sh')).splitlines():
        slow = re.search('BOARD|pip', command)
        yield pytest.param(command, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize('command', list(shown()))
def test_command(command, printed_ports):
    assert command in COMMANDS, 'a command without a test'
    if COMMANDS[command]:
        COMMANDS[command](command)


def test_the_application_is_the_example():
    assert blocks('python')[0] == (runtimes.ROOT / 'examples/hello/hello.py').read_text()


def test_local_links_lead_somewhere():
    links = re.findall(r'\]\(([^):#]+)(?:#[\w-]+)?\)', README)
    assert links
    for link in links:
        assert (runtimes.ROOT / link).exists(), link
