"""`make update` and `make deploy URL=` to a server on each runtime; who is served meanwhile."""

import contextlib
import importlib
import io
import os
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

import needs
import updates
from microdot_kit import runtimes, send
from serving import ROOT, free_port, running

PROGRAM = ROOT / 'tests' / 'http' / 'update_program.py'
MAIN = "print('a version')\n"
DEADLINE = 120
# What goes over the wire is the same.
CPYTHON = pytest.mark.parametrize('server', ['cpython'], indirect=True)


def commands(runtime):
    """What runs the program, and its environment."""
    if runtime == 'cpython':
        path = os.pathsep.join([str(ROOT / 'lib'), str(ROOT / 'tests' / 'core')])
        return [sys.executable], {**os.environ, 'PYTHONPATH': path}
    needs.micropython()
    env = runtimes.micropython_environment(runtimes.LIB, ROOT / 'tests' / 'core')
    return runtimes.micropython_command('256K'), env


@pytest.fixture(scope='module', params=['cpython', 'micropython'])
def server(request, tmp_path_factory):
    command, env = commands(request.param)
    folder = tmp_path_factory.mktemp('update')
    port = free_port()
    with running([*command, str(PROGRAM), str(port)], port, folder, env=env, cwd=ROOT) as found:
        yield found


def attempt(server, what):
    urllib.request.urlopen(urllib.request.Request(server.url + '/try/' + what, b''), timeout=10)


@pytest.fixture
def key(tmp_path):
    """The path of the private key whose public half the program has."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        needs.missing('cryptography is not installed: make .venv/stamps/update')
    path = tmp_path / 'key.pem'
    path.write_bytes(
        ec.derive_private_key(updates._D, ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)
    return path


@pytest.fixture
def app(tmp_path):
    folder = tmp_path / 'desk'
    folder.mkdir()
    (folder / 'main.py').write_text(MAIN)
    return folder


def tool(name, *arguments, **env):
    """What `program` returns, without a process."""
    said = io.StringIO()
    module = importlib.import_module('microdot_kit.' + name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(send, 'LOOK', 0.2)
        for key, value in env.items():
            patch.setenv(key, value)
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            try:
                module.main([str(argument) for argument in arguments])
            except SystemExit as exc:
                return 1, said.getvalue() + str(exc.code) + '\n'
    return 0, said.getvalue()


def program(name, *arguments):
    """Run a tool; (exit status, what it says). A traceback is a failure."""
    ended = subprocess.run(
        [sys.executable, str(ROOT / 'tools' / 'microdot_kit'), name, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
    )
    assert 'Traceback' not in ended.stdout, ended.stdout
    return ended.returncode, ended.stdout


def known(server):
    return server.url.replace('://', '://ada:secret@')


class Visitor(threading.Thread):
    """Asks for a page again and again, on one connection each; `longest` is in seconds."""

    def __init__(self, server):
        super().__init__()
        self.url = server.url
        self.count = self.longest = 0
        self.over = False
        self.start()

    def run(self):
        while not self.over:
            began = time.monotonic()
            try:
                with urllib.request.urlopen(self.url, timeout=10) as answer:
                    assert answer.read() == b'hello'
            except urllib.error.HTTPError:
                time.sleep(0.05)
                continue  # it restarts
            self.count += 1
            self.longest = max(self.longest, time.monotonic() - began)

    def end(self):
        self.over = True
        self.join()


def test_from_make_update_to_the_new_version(server, app, key, tmp_path):
    attempt(server, 'reset')
    made = tmp_path / 'desk.mdu'
    options = ('--version', '1.3.0', '--key', key, '--output', made)
    status, said = program('update', app, *options)
    assert status == 0 and str(made) in said, said
    visitor = Visitor(server)
    try:
        status, said = program('send', known(server), '--update', made)
    finally:
        visitor.end()
    assert status == 0 and 'runs version 1.3.0, on trial' in said, said
    print(f'{visitor.count} requests meanwhile, longest {visitor.longest * 1000:.0f} ms')
    assert visitor.count > 3
    status, said = program('send', known(server), '--update', made)
    assert status == 1 and 'on trial' in said, said
    attempt(server, 'confirm')
    status, said = tool('send', known(server), '--update', made)
    assert status == 1 and 'and 1.3.0 runs' in said, said
    status, said = tool('send', known(server), '--update', made, '--older')
    assert status == 0, said


@CPYTHON
def test_an_application_at_once(server, app, key):
    attempt(server, 'reset')
    options = ('--version', '2.0.0', '--key', key)
    url = server.url + '/update'
    status, said = tool('send', url, app, *options, UPDATE_USER='x', UPDATE_PASSWORD='secret')
    assert status == 0 and 'rpi_pico, version 1.2.0' in said and '2.0.0, on trial' in said, said


def test_a_version_that_fails(server, app, key):
    attempt(server, 'reset')
    attempt(server, 'break')
    status, said = tool('send', known(server), app, '--version', '1.4.0', '--key', key)
    assert status == 1 and 'Version 1.4.0 did not pass its trial: 1.2.0 runs again' in said, said


# What is wrong, the arguments, what is said. URL stands for the server's, APP for the application,
# NOBODY for an address where nobody is: what is wrong is said before that is noticed.
WRONG = (
    ('no credentials', ('HOST', 'APP', '--version', '1.3.0'), 'wants a user'),
    ('a wrong password', ('http://ada:x@HOST', 'APP', '--version', '1.3.0'), 'wants a user'),
    ('nothing to send', ('NOBODY',), 'UPDATE=file is needed'),
    ('no application', ('NOBODY', 'APP/none', '--version', '1.3.0'), 'no main.py in there'),
    ('no version', ('NOBODY', 'APP'), 'VERSION= is needed'),
    ('no update', ('NOBODY', '--update', 'APP/main.py'), 'no update: make update'),
    ('no file', ('NOBODY', '--update', 'APP/none'), 'No such file'),
    ('another page', ('URL/try', 'APP', '--version', '1.3.0'), 'no page of microdot.update'),
    (
        'nobody there',
        ('NOBODY', 'APP', '--version', '1.3.0'),
        'does not answer: connection refused',
    ),
    (
        'no such host',
        ('http://no-such-host.invalid', 'APP', '--version', '1.3.0'),
        'does not answer',
    ),
    ('no address', ('ftp://desk', 'APP'), 'no address of a board'),
    ('no port', ('http://desk:x', 'APP'), 'a port is a number'),
    ('no key', ('NOBODY', 'APP', '--version', '1.3.0', '--key', 'none.pem'), 'make keys'),
)


@CPYTHON
def test_what_is_said(server, app, key):
    attempt(server, 'reset')
    values = {
        'NOBODY': 'http://127.0.0.1:1',
        'URL': known(server),
        'HOST': server.url.partition('//')[2],
        'APP': str(app),
    }
    for what, arguments, part in WRONG:
        arguments = list(arguments)
        for name, value in values.items():
            arguments = [argument.replace(name, value) for argument in arguments]
        if '--key' not in arguments:
            arguments += ['--key', str(key)]
        status, said = tool('send', *arguments)
        assert status == 1 and part in said and len(said.strip().splitlines()) == 1, (what, said)
    with urllib.request.urlopen(urllib.request.Request(server.url)) as answer:
        assert answer.read() == b'hello'


@CPYTHON
def test_an_update_for_another_board(server, app, key, tmp_path):
    attempt(server, 'reset')
    made = tmp_path / 'desk.mdu'
    options = ('--version', '1.3.0', '--board', 'esp32', '--key', key, '--output', made)
    assert tool('update', app, *options)[0] == 0
    status, said = tool('send', known(server), '--update', made)
    assert status == 1 and 'is for esp32, this board is rpi_pico' in said, said


@CPYTHON
def test_one_signed_elsewhere(server, app, key, tmp_path):
    openssl = needs.require('openssl', 'install it (Debian: apt-get install openssl)')
    attempt(server, 'reset')
    made = tmp_path / 'desk.mdu'
    assert tool('update', app, '--version', '1.3.0', '--unsigned', '--output', made)[0] == 0
    status, said = tool('send', known(server), '--update', made)
    assert status == 1 and 'signature is not that' in said, said
    signature = tmp_path / 'signature'
    command = [
        openssl,
        'dgst',
        '-sha256',
        '-sign',
        key,
        '-out',
        signature,
        tmp_path / 'desk.header',
    ]
    subprocess.run(command, check=True)
    status, said = tool('update', '--attach', signature)
    assert status == 1 and 'name the update that it signs' in said, said
    status, said = tool('update', made, '--attach', signature)
    assert status == 0, said
    status, said = tool('send', known(server), '--update', made)
    assert status == 0 and 'runs version 1.3.0' in said, said
