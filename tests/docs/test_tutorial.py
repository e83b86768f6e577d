"""The tutorial can be followed: its files are written as printed, its commands do what it says."""

import contextlib
import os
import re
import signal
import subprocess
import time
import urllib.request

import pytest

import building
import needs
from browsing import Page, keep, overflow
from emulator import parts
from microdot_kit import runtimes
from microdot_kit.steps import Failure
from serving import serve

TEXT = (runtimes.ROOT / 'docs' / 'tutorial.md').read_text()
DEADLINE = 300

# The commands of the page that go on until they are interrupted.
SERVERS = ('make run APP=myapp/main.py', 'make run BOARD=rpi_pico APP=myapp')

# Commands that end, and what they print.
PRINTS = {
    'mkdir -p myapp/static': '',
    'curl http://localhost:5000/api/lamp': '"on": false',
    """curl -X PUT -H 'Content-Type: application/json' -d '{"on": true}' """
    'http://localhost:5000/api/lamp': '"on": true',
    'curl -X PUT -d nonsense http://localhost:5000/api/lamp': 'is needed',
    '(cd myapp && PYTHONPATH=../lib ../.venv/bin/python test_lamp.py)': 'All is well',
    '(cd myapp && MICROPYPATH=../lib:.frozen ../.venv/bin/micropython test_lamp.py)': 'All is well',
    'rm build/run/rpi_pico/flash.bin': '',
}

# Commands that other tests run.
ELSEWHERE = {
    'make run': 'tests/docs/test_readme.py',
    'make deploy APP=myapp WIFI_SSID=home': 'tests/firmware/test_wifi_deploy.py',
}

BLOCK = re.compile(r'^Write this into `(\S+)`:\n\n```\w+\n(.*?)^```|^```sh\n(.*?)^```', re.M | re.S)


def commands():
    return [line for _, _, block in BLOCK.findall(TEXT) for line in block.splitlines()]


def steps(after, before):
    """The steps between two headings: (path, text) of a file or ('', command)."""
    section = TEXT[TEXT.index(after) : TEXT.index(before)]
    for path, text, block in BLOCK.findall(section):
        for line in block.splitlines() if block else [text]:
            yield path, line


@contextlib.contextmanager
def serving(command, folder):
    """A server of the tutorial, until it is interrupted as by Ctrl-C."""
    process = subprocess.Popen(command, shell=True, cwd=folder, start_new_session=True)
    try:
        end = time.monotonic() + DEADLINE
        while True:
            assert process.poll() is None, f'{command} has ended'
            try:
                with urllib.request.urlopen('http://localhost:5000/', timeout=10) as response:
                    assert b'<h1>Lamp</h1>' in response.read()
                break
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.2)
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(DEADLINE)


def follow(folder, after, before):
    """Do what the tutorial says between two headings, in a copy of the project."""
    with contextlib.ExitStack() as server:
        for path, text in steps(after, before):
            if path:
                (folder / path).write_text(text)
            elif text in SERVERS:
                server.enter_context(serving(text, folder))
            elif text not in ELSEWHERE:
                if not text.startswith('curl'):
                    server.close()  # the reader has pressed Ctrl-C
                ended = subprocess.run(
                    text, shell=True, cwd=folder, capture_output=True, text=True, timeout=DEADLINE
                )
                assert ended.returncode == 0, (text, ended.stderr)
                printed = ended.stdout.replace('":', '": ').replace('  ', ' ')
                assert PRINTS[text] in printed, (text, ended.stdout)


def test_every_command_is_tested():
    assert set(commands()) == {*SERVERS, *PRINTS, *ELSEWHERE}
    for path in ELSEWHERE.values():
        assert (runtimes.ROOT / path).exists()


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A copy of the project in which somebody follows the tutorial."""
    needs.require('curl', 'install it (Debian: apt-get install curl)')
    needs.micropython()
    return building.project(tmp_path_factory.mktemp('clone') / 'clone')


def test_on_this_computer(folder, printed_ports):
    follow(folder, '## 1.', '## 4.')


@pytest.mark.slow
def test_on_the_emulated_board(folder, printed_ports):
    building.firmware('rpi_pico')
    try:
        parts.prepare()
    except Failure as exc:
        needs.missing(str(exc))
    # What has been built takes minutes to build again.
    for name in ('firmware', 'emulator'):
        (folder / 'build' / name).symlink_to(runtimes.ROOT / 'build' / name)
    for path, text in steps('## 2.', '## 3.'):
        if path:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    follow(folder, '## 4.', '## 5.')


# How bright the page is (0 to 255), how far its text differs, how many pixels high the button is.
LOOK = """() => {
    const light = color => Math.max(...color.match(/[0-9]+/g).slice(0, 3));
    const canvas = document.createElement('div');
    document.body.append(canvas);
    canvas.style.color = 'Canvas';
    const page = light(getComputedStyle(canvas).color);
    canvas.remove();
    const text = light(getComputedStyle(document.querySelector('h1')).color);
    return [page, Math.abs(page - text), document.getElementById('lamp').offsetHeight];
}"""


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [390, 1280])
def test_the_look_of_the_page(chromium, width, scheme, tmp_path):
    for path, text in steps('## 2.', '## 3.'):
        if path:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
    with serve(tmp_path / 'myapp/main.py', 'micropython', tmp_path) as server:
        with Page(chromium, server, width, color_scheme=scheme) as page:
            page.goto('/')
            page.get_by_role('button', name='Turn it on').wait_for()
            brightness, contrast, height = page.evaluate(LOOK)
            assert (brightness > 128) == (scheme == 'light')
            assert contrast > 128 and height >= 44
            assert overflow(page) <= 0
            keep(page, f'tutorial-{width}-{scheme}')


@pytest.mark.parametrize('runtime', ['micropython', 'cpython'])
def test_the_button(chromium, runtime, tmp_path):
    (tmp_path / 'myapp/static').mkdir(parents=True)
    for path, text in steps('## 2.', '## 3.'):
        if path:
            (tmp_path / path).write_text(text)
    with serve(tmp_path / 'myapp/main.py', runtime, tmp_path) as server:
        with Page(chromium, server, 390) as page:
            page.goto('/')
            page.get_by_role('button', name='Turn it on').click()
            page.get_by_role('button', name='Turn it off').wait_for()
            assert overflow(page) <= 0
            page.reload()
            page.get_by_role('button', name='Turn it off').click()
            page.get_by_role('button', name='Turn it on').wait_for()
