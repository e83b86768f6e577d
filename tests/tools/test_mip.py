"""tools/mip.py: packages that mpremote, and mip on a board, install from a web server."""

import contextlib
import functools
import http.server
import importlib
import json
import os
import re
import subprocess
import sys
import threading

import installed
import pytest

import needs
from microdot_kit import payload, runtimes
from microdot_kit.steps import Failure, replace
from release import mip

DEADLINE = 120
VERSION = payload.version()
# The tests of an extension that want others too.
BESIDE = {'csrf': ('auth', 'cors'), 'guard': ('auth',), 'openapi': ('auth',)}
# All of its tests need them.
FROM_THE_START = {'update': ('auth', 'cors', 'health')}
KINDS = pytest.mark.parametrize('kind', ['6', 'py'], ids=['mpy', 'py'])
# All tests of what was installed: a person's machine tries the form that mip takes by itself.
TRIED = KINDS if needs.in_ci() else pytest.mark.parametrize('kind', ['6'], ids=['mpy'])
SUFFIX = {'6': '.json', 'py': '.py.json'}
MPY = {'6': {}, 'py': {'mpy': False}}  # options of mip


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serving(folder):
    """A web server with the files of a folder; gives its address."""
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()
        thread.join()


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp('mip') / 'packages'
    names = replace(folder, mip.MARK, mip.build)
    return folder, names


@pytest.fixture(scope='module')
def url(made):
    """The address of a web server with the packages."""
    with serving(made[0]) as address:
        yield address


@pytest.fixture(scope='module')
def repository_url():
    """The address of a web server with the files of the repository."""
    with serving(runtimes.ROOT) as address:
        yield address


def read(folder, name):
    return json.loads((folder / name).read_text())


def files_of(name, kind):
    """{name of a file: bytes} of all that a package brings."""
    found = mip.packages()
    modules, needed = found[name]
    for other in needed:
        modules = modules + found[other][0]
    return mip.contents(modules, kind)


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def test_the_packages_are_those_of_the_manifest(made):
    folder, names = made
    others = {'microdot', 'microdot-all', 'microdot-test-client'}
    assert set(names) == others | {f'microdot-{name}' for name in installed.EXTENSIONS}
    listed = read(folder, 'index.json')['packages']
    assert [entry['name'] for entry in listed] == sorted(names)
    for name in names:
        for kind in ('py', '6'):
            latest = read(folder, f'package/{kind}/{name}/latest.json')
            assert latest == read(folder, f'package/{kind}/{name}/{VERSION}.json')
            assert latest['version'] == VERSION
            assert ('deps' in latest) == (name != 'microdot')


def test_the_documentation_lists_the_packages(made):
    page = (runtimes.ROOT / 'docs' / 'howto' / 'install.md').read_text()
    table = page.partition('\n| `microdot` | the core |')[2].partition('\n\n')[0]
    told = re.findall(r'`(?:microdot)?(-[a-z-]+)`', table)
    assert sorted(told) == sorted(name[8:] for name in made[1] if name != 'microdot')


def test_all_has_what_is_frozen(made):
    folder, _ = made
    frozen = {name for name, _, _ in payload.manifest()}
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
    assert contents(tmp_path) == contents(made[0])


def install_on_device(name, target, **options):
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


@KINDS
def test_mip_installs_from_the_index(kind, url, tmp_path):
    install_on_device('microdot-sse', tmp_path, index=url, **MPY[kind])
    assert contents(tmp_path) == files_of('microdot-sse', kind)


@KINDS
def test_mip_installs_from_one_address(kind, url, tmp_path):
    install_on_device(f'{url}/microdot-all{SUFFIX[kind]}', tmp_path)
    assert contents(tmp_path) == files_of('microdot-all', kind)


class Device:
    """A folder that packages are installed into, and tested in, before there is a test client."""

    def __init__(self, url, kind, folder):
        self.options = {'index': url, **MPY[kind]}
        self.folder = folder

    def install(self, *packages):
        for package in packages:
            install_on_device(package, self.folder, **self.options)

    def test(self, files):
        if files:
            installed.on_unix(self.folder, files).check(files, self.folder)

    def test_all(self, files, *beside):
        """Run the files, those that use the test client after it has been installed."""
        self.test([file for file in files if not installed.uses_client(file)])
        self.install('microdot-test-client', *beside)
        self.test([file for file in files if installed.uses_client(file)])


@pytest.fixture
def device(url, kind, tmp_path):
    return Device(url, kind, tmp_path)


@pytest.mark.slow
@TRIED
def test_the_core_alone_passes_all_tests_of_the_core(device, kind):
    device.install('microdot')
    assert contents(device.folder) == files_of('microdot', kind)
    device.test_all(installed.files_of('core'))


@pytest.mark.slow
@TRIED
@pytest.mark.parametrize('extension', installed.EXTENSIONS)
def test_an_extension_alone_passes_its_tests(extension, device):
    first = (extension, *FROM_THE_START.get(extension, ()))
    device.install(*[f'microdot-{name}' for name in first])
    beside = [f'microdot-{name}' for name in BESIDE.get(extension, ())]
    device.test_all(installed.files_of(extension), *beside)


@pytest.mark.slow
@TRIED
def test_all_packages_pass_all_tests(device):
    device.install('microdot-all', 'microdot-test-client')
    device.test(installed.FILES)


def test_every_extension_has_tests():
    assert all(installed.files_of(owner) for owner in (*installed.EXTENSIONS, installed.CLIENT))


@pytest.fixture
def board(tmp_path, monkeypatch):
    """Runs mpremote on a stand-in for a board, and returns what it says."""
    needs.micropython()
    monkeypatch.syspath_prepend(str(runtimes.ROOT / 'tests' / 'firmware'))
    ptyboard = importlib.import_module('ptyboard')
    with ptyboard.Board(tmp_path / 'board') as board:

        def mpremote(*arguments):
            ended = subprocess.run(
                [sys.executable, '-m', 'mpremote', 'connect', board.port, *arguments],
                capture_output=True,
                text=True,
                timeout=DEADLINE,
            )
            assert ended.returncode == 0, ended.stdout + ended.stderr
            return ended.stdout

        yield mpremote


def contents_of(board, folder):
    """{name: bytes} of /lib of the board, which are copied into a folder."""
    folder.mkdir()
    board('cp', '-r', ':/lib', str(folder))
    return contents(folder / 'lib')


def test_real_mpremote(board, url, tmp_path):
    board('mip', 'install', '--index', url, '--target', '/lib', f'microdot-sse@{VERSION}')
    assert contents_of(board, tmp_path / 'back') == files_of('microdot-sse', '6')
    script = 'import microdot, microdot.sse; print(microdot.__version__, microdot.sse.__file__)'
    said = board('exec', 'import sys; sys.path.append("/lib")\n' + script)
    assert said.strip() == f'{VERSION} /lib/microdot/sse.mpy'


def test_the_repository_is_a_package():
    for name, text in mip.in_repository().items():
        file = runtimes.ROOT / name
        assert file.read_text() == text, 'stale: .venv/bin/python tools release.mip --repository'


ALL = pytest.param('/lib', 'microdot-all', marks=pytest.mark.slow)


@pytest.mark.parametrize(('path', 'package'), [('', 'microdot'), ALL])
def test_the_repository_is_installed(path, package, board, repository_url, tmp_path):
    install_on_device(repository_url + path, tmp_path / 'device')
    assert contents(tmp_path / 'device') == files_of(package, 'py')
    board('mip', 'install', '--target', '/lib', repository_url + path)
    assert contents_of(board, tmp_path / 'back') == files_of(package, 'py')


class Hosted:
    """What stands for a board, and for the web of the repository's host, within mpremote."""

    def __init__(self):
        self.asked, self.files = [], {}

    def urlopen(self, url):
        self.asked.append(url)
        host, _, path = url.partition('/owner/name/v1.0/')
        assert host.startswith('https://')
        return (runtimes.ROOT / path).open('rb')

    def fs_exists(self, path):
        return True

    def fs_writefile(self, path, data, **options):
        self.files[path] = data


ALL = pytest.param('/lib', 'microdot-all', marks=pytest.mark.slow)


@pytest.mark.parametrize(('path', 'package'), [('', 'microdot'), ALL])
def test_mpremote_finds_the_files_of_a_published_repository(path, package, monkeypatch):
    from mpremote import mip as of_mpremote

    hosted = Hosted()
    monkeypatch.setattr(of_mpremote.urllib.request, 'urlopen', hosted.urlopen)
    of_mpremote._install_package(hosted, f'github:owner/name{path}', '', '/lib', 'v1.0', True)
    assert hosted.asked[0].endswith(f'/owner/name/v1.0{path}/package.json')
    wanted = {f'/lib/{name}': data for name, data in files_of(package, 'py').items()}
    assert hosted.files == wanted


def test_a_folder_with_something_else_in_it_stays(tmp_path):
    (tmp_path / 'mine').touch()
    with pytest.raises(SystemExit, match='something else in it: name a new folder'):
        mip.main([str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ['mine']


def test_what_there_was_is_replaced_or_kept(tmp_path, capsys, monkeypatch):
    folder = tmp_path / 'packages'
    mip.main([str(folder)])
    assert f'{len(mip.packages())} packages' in capsys.readouterr().out
    (folder / 'file' / 'old').touch()
    mip.main([str(folder)])
    assert not (folder / 'file' / 'old').exists()
    before = contents(folder)
    monkeypatch.setattr(payload, 'compile_all', fail)
    with pytest.raises(SystemExit, match='cannot be compiled'):
        mip.main([str(folder)])
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ['packages']


def fail(modules):
    raise Failure('microdot/sse.py:1 cannot be compiled: no')


def test_checksums_that_are_alike(tmp_path, monkeypatch):
    monkeypatch.setattr(mip, 'SHORT', 1)
    with pytest.raises(Failure, match='make SHORT in mip.py longer'):
        mip.build(tmp_path)
