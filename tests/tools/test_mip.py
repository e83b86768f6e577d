"""tools/mip.py: packages that mpremote, and mip on a board, install from a web server."""

import functools
import http.server
import importlib
import json
import os
import subprocess
import sys
import threading

import pytest

import mip
import needs
import payload
import runtimes
from firmware.steps import Failure

DEADLINE = 120
VERSION = mip.version()
RUNNER = runtimes.ROOT / 'tests' / 'micropython_runner.py'
CORE_TESTS = ('test_routing', 'test_request', 'test_response', 'test_server_persistent')
EXTENSION_TESTS = ('test_sse_wire', 'test_login', 'test_utemplate', 'test_websocket_wire')


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp('mip') / 'packages'
    names = mip.replace(folder, mip.build)
    return folder, names


@pytest.fixture(scope='module')
def url(made):
    """The address of a web server with the packages."""
    handler = functools.partial(Handler, directory=str(made[0]))
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()
        thread.join()


def read(folder, name):
    return json.loads((folder / name).read_text())


def files_of(name, kind):
    """{name of a file: bytes} of all that a package brings."""
    found = mip.packages()
    modules, needed = found[name]
    for other in needed:
        modules = modules + found[other][0]
    return mip.contents(modules, kind)


def installed(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def test_the_packages_are_those_of_the_manifest(made):
    folder, names = made
    extensions = mip.manifest()[0]['EXTENSIONS']
    others = {'microdot', 'microdot-all', 'microdot-test-client'}
    assert set(names) == others | {f'microdot-{extension}' for extension in extensions}
    listed = read(folder, 'index.json')['packages']
    assert [entry['name'] for entry in listed] == sorted(names)
    for name in names:
        for kind in ('py', '6'):
            latest = read(folder, f'package/{kind}/{name}/latest.json')
            assert latest == read(folder, f'package/{kind}/{name}/{VERSION}.json')
            assert latest['version'] == VERSION
            assert ('deps' in latest) == (name != 'microdot')


def test_all_has_what_is_frozen(made):
    folder, _ = made
    frozen = {name for name, _, _ in mip.manifest()[1]}
    assert {path for path, _ in read(folder, 'microdot-all.py.json')['urls']} == frozen


def test_a_log_in_brings_its_session(made):
    hashes = read(made[0], 'package/py/microdot-login/latest.json')['hashes']
    assert {name for name, _ in hashes} == {
        'microdot/' + name for name in ('login.py', 'session.py', 'jwt_hs256.py')
    }


def test_the_test_client_brings_what_it_imports(made):
    hashes = read(made[0], 'package/6/microdot-test-client/latest.json')['hashes']
    names = {name.partition('/')[2] for name, _ in hashes}
    assert {'test_client.mpy', 'ranges.mpy', 'websocket.mpy', 'websocket_handshake.mpy'} < names
    assert not [name for name in names if 'cpython' in name]


def test_no_stubs(made):
    assert b'.pyi' not in b''.join(path.read_bytes() for path in made[0].glob('*.json'))


def test_the_same_sources_give_the_same_bytes(made, tmp_path):
    mip.build(tmp_path)
    assert installed(tmp_path) == installed(made[0])


def install_on_device(url, name, target, **options):
    """Install with MicroPython's own mip."""
    script = f'import mip; mip.install({name!r}, target={str(target)!r}, **{options!r})'
    command = [needs.micropython(), '-X', 'heapsize=2M', '-c', script]
    ended = subprocess.run(
        command,
        env={**os.environ, 'MICROPYPATH': '.frozen'},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1] == 'Done', ended.stdout


@pytest.mark.parametrize(('kind', 'options'), [('6', {}), ('py', {'mpy': False})])
def test_mip_installs_from_the_index(kind, options, url, tmp_path):
    install_on_device(url, 'microdot-sse', tmp_path, index=url, **options)
    assert installed(tmp_path) == files_of('microdot-sse', kind)


def run_tests(target, names):
    for name in names:
        file = runtimes.ROOT / 'tests' / 'core' / (name + '.py')
        ended = subprocess.run(
            [*runtimes.micropython_command(), str(RUNNER), str(file)],
            cwd=runtimes.ROOT,
            env=runtimes.micropython_environment(target, runtimes.ROOT / 'tests' / 'core'),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        passed, failed, _ = ended.stdout.splitlines()[-1].split()[1:]
        assert int(passed) > 0 and int(failed) == 0


@pytest.mark.parametrize(('suffix', 'kind'), [('.json', '6'), ('.py.json', 'py')])
def test_what_is_installed_from_one_address_passes_the_tests(suffix, kind, url, tmp_path):
    install_on_device(url, f'{url}/microdot-all{suffix}', tmp_path)
    assert installed(tmp_path) == files_of('microdot-all', kind)
    install_on_device(url, f'{url}/microdot-test-client{suffix}', tmp_path)
    run_tests(tmp_path, CORE_TESTS[:2] + EXTENSION_TESTS)


def test_the_core_alone_passes_the_tests(url, tmp_path):
    install_on_device(url, f'{url}/microdot.json', tmp_path)
    assert installed(tmp_path) == files_of('microdot', '6')
    install_on_device(url, f'{url}/microdot-test-client.json', tmp_path)
    run_tests(tmp_path, CORE_TESTS)


def test_real_mpremote(url, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(runtimes.ROOT / 'tests' / 'firmware'))
    needs.micropython()
    ptyboard = importlib.import_module('ptyboard')
    script = (
        'import os, microdot.sse, microdot\n'
        'print(microdot.__version__, sorted(os.listdir("lib/microdot")))\n'
    )
    with ptyboard.Board(tmp_path / 'board') as board:
        mpremote = [sys.executable, '-m', 'mpremote', 'connect', board.port]
        install = ['mip', 'install', '--index', url, '--target', '/lib', f'microdot-sse@{VERSION}']
        for command in ([*install], ['exec', 'import sys; sys.path.append("/lib")\n' + script]):
            ended = subprocess.run(
                [*mpremote, *command], capture_output=True, text=True, timeout=DEADLINE
            )
            assert ended.returncode == 0, ended.stdout + ended.stderr
    names = [name.partition('/')[2] for name in files_of('microdot-sse', '6')]
    assert ended.stdout.strip() == f'{VERSION} {sorted(names)}'


def test_a_folder_with_something_else_in_it_stays(tmp_path):
    (tmp_path / 'mine').touch()
    with pytest.raises(SystemExit, match='something else in it: name a new folder'):
        mip.main([str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ['mine']


def test_what_there_was_is_replaced_or_kept(tmp_path, capsys, monkeypatch):
    folder = tmp_path / 'packages'
    mip.main([str(folder)])
    assert '13 packages' in capsys.readouterr().out
    (folder / 'file' / 'old').touch()
    mip.main([str(folder)])
    assert not (folder / 'file' / 'old').exists()
    before = installed(folder)
    monkeypatch.setattr(payload, 'compile_all', fail)
    with pytest.raises(SystemExit, match='cannot be compiled'):
        mip.main([str(folder)])
    assert installed(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ['packages']


def fail(modules):
    raise Failure('microdot/sse.py:1 cannot be compiled: no')


def test_checksums_that_are_alike(tmp_path, monkeypatch):
    monkeypatch.setattr(mip, 'SHORT', 1)
    with pytest.raises(Failure, match='make SHORT in mip.py longer'):
        mip.build(tmp_path)
