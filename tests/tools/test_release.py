"""tools/release.py: what is in a release, what is left out of it, and what ends it."""

import hashlib
import json
import os

import pytest

import payload
import release
import runtimes
from firmware.steps import Failure

VERSION = payload.version()


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp('release') / 'dist'
    release.main([str(folder)])
    return folder


def test_what_is_in_it(made):
    names = {path.name for path in made.iterdir()}
    assert names >= {
        f'microdot_kit-{VERSION}-py3-none-any.whl',
        f'microdot_kit-{VERSION}.tar.gz',
        f'microdot-{VERSION}.py',
        f'microdot-{VERSION}.mpy',
        'mip',
        'RELEASE_NOTES.md',
        'SHA256SUMS',
    }
    assert (made / 'mip' / 'index.json').exists()
    assert (made / f'microdot-{VERSION}.mpy').read_bytes()[:2] == b'M\x06'
    assert 'first version' in (made / 'RELEASE_NOTES.md').read_text()
    assert [path.name for path in made.parent.iterdir()] == ['dist']


def test_the_checksums_are_those_of_all_files(made):
    listed = dict(
        reversed(line.split('  ')) for line in (made / 'SHA256SUMS').read_text().splitlines()
    )
    files = {path.relative_to(made).as_posix(): path for path in made.rglob('*') if path.is_file()}
    del files['SHA256SUMS']
    assert listed == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()
    }


def firmware(folder, board, project, **images):
    """What a build of firmware leaves behind."""
    built = folder / 'built' / board
    built.mkdir(parents=True)
    lines = []
    for name, data in images.items():
        name = name.replace('_', '.')
        (built / name).write_bytes(data)
        os.chmod(built / name, 0o755)
        lines.append(f'{hashlib.sha256(data).hexdigest()}  {name}\n')
    (built / 'SHA256SUMS').write_text(''.join(lines))
    (built / 'built-from.json').write_text(json.dumps({'board': board, 'project': project}))
    return folder / 'built'


@pytest.fixture
def out(tmp_path, monkeypatch):
    monkeypatch.setattr(release, 'state', lambda: 'abc123')
    folder = tmp_path / 'out'
    folder.mkdir()
    return folder


def test_firmware_of_this_state(out, tmp_path, capsys):
    firmware(tmp_path, 'rpi_pico', 'abc123', firmware_uf2=b'1', firmware_bin=b'2')
    firmware(tmp_path, 'old', 'abc122', firmware_uf2=b'3')
    built = firmware(tmp_path, 'unix', 'abc123', microdot=b'4')
    release.add_firmware(out, '1.0', built)
    machine = release.platform.machine()
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        'microdot-kit-1.0-rpi_pico.uf2': b'1',
        'microdot-kit-1.0-rpi_pico.bin': b'2',
        f'microdot-kit-1.0-unix-{machine}': b'4',
    }
    assert os.access(out / f'microdot-kit-1.0-unix-{machine}', os.X_OK)
    assert capsys.readouterr().err == 'old was built from abc122, this is abc123: left out\n'


def test_without_git_no_firmware_is_known(out, tmp_path, monkeypatch, capsys):
    built = firmware(tmp_path, 'rpi_pico', 'not a git checkout', firmware_uf2=b'1')
    monkeypatch.setattr(release, 'state', lambda: '')
    release.add_firmware(out, '1.0', built)
    assert list(out.iterdir()) == []
    assert 'this is unknown: left out' in capsys.readouterr().err


def test_damaged_firmware(out, tmp_path):
    built = firmware(tmp_path, 'rpi_pico', 'abc123', firmware_uf2=b'1')
    (built / 'rpi_pico' / 'firmware.uf2').write_bytes(b'2')
    with pytest.raises(Failure, match='firmware.uf2 is damaged: make firmware again'):
        release.add_firmware(out, '1.0', built)


def test_two_images_of_one_name(out, tmp_path):
    built = firmware(tmp_path, 'rpi_pico', 'abc123', firmware_uf2=b'1', other_uf2=b'2')
    with pytest.raises(Failure, match='rpi_pico.uf2 would be two images'):
        release.add_firmware(out, '1.0', built)


def test_notes():
    assert release.notes(VERSION).endswith('\n')
    assert '##' not in release.notes(VERSION)
    with pytest.raises(Failure, match='CHANGELOG.md has nothing about 99.0: write "## 99.0"'):
        release.notes('99.0')


def test_a_folder_with_something_else_in_it_stays(tmp_path):
    (tmp_path / 'mine').touch()
    with pytest.raises(SystemExit, match='something else in it: name a new folder'):
        release.main([str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ['mine']


def test_a_release_that_fails_leaves_the_last_one(tmp_path, monkeypatch):
    folder = tmp_path / 'dist'
    folder.mkdir()
    (folder / 'SHA256SUMS').write_text('the last one')
    project = tmp_path / 'project'
    (project / 'lib').mkdir(parents=True)
    (project / 'CHANGELOG.md').write_text(f'## {VERSION}\n\nnew\n')
    for name in release.COPIED:
        (project / name).write_text('not toml = \n')
    monkeypatch.setattr(release, 'ROOT', project)
    monkeypatch.setattr(release, 'LIB', project / 'lib')
    with pytest.raises(SystemExit, match='wheel and sdist cannot be built: ') as raised:
        release.main([str(folder)])
    assert '\n' not in raised.value.code
    assert (folder / 'SHA256SUMS').read_text() == 'the last one'
    assert sorted(path.name for path in tmp_path.iterdir()) == ['dist', 'project']


def test_the_copied_files_are_there():
    assert all((runtimes.ROOT / name).is_file() for name in release.COPIED)
