"""Wi-Fi credentials reach `network.json` whole, and nothing else."""

import json
import os
import pty
import stat
import subprocess
import sys

import pytest

from microdot_kit import credentials, runtimes
from microdot_kit.steps import Failure

SECRET = 'secret "\\ \' password'
# -S: without the packages of .venv, as the documentation calls it
TOOL = [sys.executable, '-S', str(runtimes.ROOT / 'tools' / 'microdot_kit'), 'credentials']


def never(title):
    raise AssertionError('asked for a password')


def said(ssid='home', password=SECRET, **more):
    return {'ssid': ssid, 'password': password, **more}


def merged(known, new):
    known = None if known is None else json.dumps(known).encode()
    return json.loads(credentials.merge(known, new))


@pytest.mark.parametrize(
    ('known', 'new', 'expected'),
    [
        (None, said(), said()),
        ({}, said(), said()),
        ({'ssid': 'home', 'password': 'old'}, said(), said()),
        ({'hostname': 'desk', 'watchdog': 8}, said(), said(hostname='desk', watchdog=8)),
        # What was joined before is joined afterwards, what was known is known.
        (said('cafe', ''), said(), said(networks=[said('cafe', '')])),
        ({'ssid': 'cafe'}, said(), said(networks=[{'ssid': 'cafe'}])),
        (
            said('a', '1', networks=[said('home', 'old'), said('b', '2')]),
            said(),
            said(networks=[said('a', '1'), said('b', '2')]),
        ),
        (said(networks=[said('b', '2')]), said('b', '3'), said('b', '3', networks=[said()])),
        ({'networks': [5, said('home', 'old')]}, said(), said(networks=[5])),
        ({'ap': {'password': 'old', 'ssid': 'desk'}}, said(), None),
        (
            {'ap': {'password': 'old', 'ssid': 'desk'}},
            said(ap={'password': 'new'}),
            said(ap={'password': 'new', 'ssid': 'desk'}),
        ),
        ({'ap': True}, said(ap={'password': 'new'}), said(ap={'password': 'new'})),
    ],
)
def test_merging(known, new, expected):
    expected = {**known, **new} if expected is None else expected
    assert merged(known, new) == expected
    assert merged(merged(known, new), new) == expected


@pytest.mark.parametrize('known', [b'', b'{', b'[]', b'\xff', b'{"networks": 5}'])
def test_a_malformed_file_is_left_alone(tmp_path, known):
    path = tmp_path / 'network.json'
    path.write_bytes(known)
    with pytest.raises(Failure, match='correct or remove it') as raised:
        credentials.save(path, said())
    assert 'secret' not in str(raised.value) and path.read_bytes() == known
    assert os.listdir(tmp_path) == ['network.json']


@pytest.mark.parametrize('ssid', ['home', 'a "b" \\ c', 'Café ☕ 😀', 'tab\there', 'x' * 32])
def test_micropython_reads_what_is_written(tmp_path, ssid):
    credentials.save(tmp_path / 'network.json', said(ssid))
    script = 'import json; s = json.load(open("network.json")); print(list(s["ssid"].encode()))'
    script += '; print(list(s["password"].encode()))'
    command = [*runtimes.micropython_command(), '-c', script]
    printed = subprocess.check_output(command, cwd=tmp_path, text=True, timeout=60)
    lines = [bytes(json.loads(line)).decode() for line in printed.splitlines()]
    assert lines == [ssid, SECRET]


def test_only_the_owner_can_read_the_file(tmp_path):
    path = tmp_path / 'network.json'
    path.write_text('{"hostname": "desk"}')
    path.chmod(0o644)
    credentials.save(path, said())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == said(hostname='desk')
    assert os.listdir(tmp_path) == ['network.json']


@pytest.mark.parametrize('ssid', ['', 'x' * 33, 'ö' * 17, '\udc80'])
def test_impossible_names(ssid):
    with pytest.raises(Failure, match='1 to 32 bytes'):
        credentials.entered(ssid, environment={}, prompt=never)


@pytest.mark.parametrize('password', ['secret7', 'secret..' * 8, 'secret-söder', 'secret\n-line'])
def test_impossible_passwords(password):
    with pytest.raises(Failure, match='8 to 63') as raised:
        credentials.entered('home', environment={'WIFI_PASSWORD': password}, prompt=never)
    assert 'secret' not in str(raised.value)


@pytest.mark.parametrize('password', ['secret..', 'secret=' * 9, '0123456789abcDEF' * 4, ''])
def test_possible_passwords(password):
    assert credentials.entered('home', prompt=lambda title: password, environment={}) == said(
        password=password
    )


@pytest.mark.parametrize('password', ['', 'secret7', '0123456789abcDEF' * 4])
def test_the_access_point_needs_a_password(password):
    environment = {'WIFI_PASSWORD': SECRET, 'AP_PASSWORD': password}
    with pytest.raises(Failure, match='access point'):
        credentials.entered('home', True, environment, never)
    environment['AP_PASSWORD'] = 'secret-of-ap'
    expected = said(ap={'password': 'secret-of-ap'})
    assert credentials.entered('home', True, environment, never) == expected


def tool(arguments, **environment):
    return subprocess.run(
        [*TOOL, *arguments],
        env={'PATH': os.environ['PATH'], **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,  # without a terminal
    )


def test_the_tool(tmp_path):
    path = tmp_path / 'network.json'
    ended = tool(['home', path], WIFI_PASSWORD=SECRET)
    assert (ended.returncode, ended.stderr) == (0, '')
    assert ended.stdout == f'{path} says how to join home\n'
    assert json.loads(path.read_text()) == said()


@pytest.mark.parametrize(
    ('file', 'environment', 'problem'),
    [
        ('network.json', {}, 'No terminal to ask for the password: set WIFI_PASSWORD'),
        ('network.json', {'WIFI_PASSWORD': 'secret7'}, 'Password of home: 8 to 63 characters'),
        ('missing/network.json', {'WIFI_PASSWORD': SECRET}, 'No such file or directory'),
    ],
)
def test_the_tool_refuses(tmp_path, file, environment, problem):
    ended = tool(['home', tmp_path / file], **environment)
    assert ended.returncode == 1 and ended.stdout == ''
    assert problem in ended.stderr and len(ended.stderr.splitlines()) == 1
    assert 'secret' not in ended.stderr and os.listdir(tmp_path) == []


def test_the_tool_asks_without_an_echo(tmp_path):
    path = tmp_path / 'network.json'
    child, terminal = pty.fork()
    if not child:
        os.environ.pop('WIFI_PASSWORD', None)
        os.execv(TOOL[0], [*TOOL, 'home', str(path)])
    shown = b''
    try:
        while b': ' not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, b'secret-typed\n')
        while b'how to join' not in shown:
            shown += os.read(terminal, 1024)
    finally:
        os.waitpid(child, 0)
        os.close(terminal)
    assert b'Password of home' in shown and b'secret' not in shown
    assert json.loads(path.read_text())['password'] == 'secret-typed'
