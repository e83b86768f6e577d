"""Fetching and unpacking what firmware is built from, with a stand-in for apt-get."""

import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import building
from firmware import apt, sources
from microdot_kit import steps
from microdot_kit.steps import Failure

# Says where its mirror is, and serves a folder as that mirror; `fail` in it makes it unreachable.
# Installs one program, for as long as no other does.
APT_GET = """#!/bin/sh
here=$(dirname "$0")
case "$1" in
indextargets) echo "Debian|$(. /etc/os-release; echo "$VERSION_CODENAME")|$(
    . /etc/os-release; echo "$VERSION_CODENAME")|main|file:$here/mirror" ;;
update) [ ! -e "$here/fail" ] || { echo "E: Could not connect" >&2; exit 100; } ;;
install)
    mkdir "$here/installing" || exit 100
    sleep 0.3
    ln -s "$0" "$here/compiler"
    rmdir "$here/installing" ;;
source|download) cp "$here"/mirror/* . 2>/dev/null || true ;;
esac
"""
PINS = ('thing', 'other')


def archive(path, files):
    """Write a tar archive as Debian has them, all in one top folder; returns its SHA-256."""
    with tarfile.open(path, 'w:xz') as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f'thing-1.0/{name}')
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Fetching:
    """A project's build folder, a mirror with two archives, and their pins."""

    def __init__(self, folder, monkeypatch):
        self.bin, self.mirror = folder / 'bin', folder / 'bin' / 'mirror'
        self.mirror.mkdir(parents=True)
        (self.bin / 'apt-get').write_text(APT_GET)
        (self.bin / 'apt-get').chmod(0o755)
        monkeypatch.setenv('PATH', f'{self.bin}:{os.environ["PATH"]}')
        build = folder / 'build'
        monkeypatch.setattr(apt, 'ROOT', build / 'apt')
        monkeypatch.setattr(apt, 'LOGS', build / 'logs')
        monkeypatch.setattr(sources, 'CACHE', build / 'sources')
        monkeypatch.setattr(sources, 'FIRMWARE', build / 'firmware')
        monkeypatch.setattr(sources, 'PATCHES', folder / 'patches')
        (folder / 'patches').mkdir()
        self.patches, self.firmware = folder / 'patches', build / 'firmware'
        self.pins = {'suite': 'trixie', 'packages': {}, 'ports': {}}
        self.add('thing', '', {'main.c': 'one\ntwo\n', 'lib/other/placeholder': ''})
        self.add('other', 'lib/other', {'part.c': 'part\n'})
        self.pins['ports']['some'] = {'packages': list(PINS), 'patches': [], 'empty': ['lib/x/y']}
        monkeypatch.setattr(sources, 'pins', lambda: json.loads(json.dumps(self.pins)))

    def add(self, name, into, files):
        file = f'{name}_1.0.orig.tar.xz'
        digest = archive(self.mirror / file, files)
        about = {'version': '1.0', 'file': file, 'sha256': digest, 'into': into}
        self.pins['packages'][name] = about


@pytest.fixture
def fetching(tmp_path, monkeypatch):
    if steps.ask('sh', '-c', '. /etc/os-release && echo $ID') != 'debian':
        pytest.skip('sources are fetched on Debian only')
    return Fetching(tmp_path, monkeypatch)


def fail(function, *arguments):
    """The one line that a call fails with."""
    with pytest.raises(Failure) as raised:
        function(*arguments)
    assert '\n' not in str(raised.value)
    return str(raised.value)


def test_a_tree_is_fetched_checked_and_unpacked(fetching):
    tree = sources.tree('some')
    assert (tree / 'main.c').read_text() == 'one\ntwo\n'
    assert (tree / 'lib/other/part.c').read_text() == 'part\n'
    assert not (tree / 'lib/other/placeholder').exists()
    assert (tree / 'lib/x/y').exists()


def test_what_has_been_fetched_is_not_fetched_again(fetching):
    before = sources.tree('some')
    shutil.rmtree(before)
    (fetching.bin / 'apt-get').unlink()
    assert sources.tree('some') == before
    assert (before / 'main.c').exists()


def test_a_download_that_fails(fetching):
    (fetching.bin / 'fail').touch()
    assert 'Fetching the lists of Debian trixie failed: see ' in fail(sources.tree, 'some')
    assert [path.suffix for path in (fetching.firmware / 'sources').iterdir()] == ['.lock']
    (fetching.bin / 'fail').unlink()
    assert (sources.tree('some') / 'main.c').exists()


def test_a_version_that_is_there_no_longer(fetching):
    (fetching.mirror / 'other_1.0.orig.tar.xz').unlink()
    line = fail(sources.tree, 'some')
    assert line.startswith('Debian trixie has no other_1.0.orig.tar.xz (any more): ')
    assert 'MICROPYTHON_DIR=path' in line


def test_a_wrong_checksum(fetching):
    good = fetching.pins['packages']['other']['sha256']
    fetching.pins['packages']['other']['sha256'] = '0' * 64
    line = fail(sources.tree, 'some')
    assert line.startswith('other_1.0.orig.tar.xz is not the file that was pinned: its SHA-256 is ')
    assert good[:16] in line
    assert not (sources.CACHE / 'other_1.0.orig.tar.xz').exists()


def test_an_archive_that_was_damaged_in_the_cache(fetching):
    shutil.rmtree(sources.tree('some'))
    cached = sources.CACHE / 'thing_1.0.orig.tar.xz'
    cached.write_bytes(cached.read_bytes()[:-1])
    assert 'thing_1.0.orig.tar.xz is not the file' in fail(sources.tree, 'some')
    assert (sources.tree('some') / 'main.c').exists()  # fetched once more


def test_an_interrupted_unpacking_leaves_no_tree(fetching, monkeypatch):
    unpack = sources.unpack

    def interrupted(name, path, folder):
        unpack(name, path, folder)
        if name == 'thing':
            raise KeyboardInterrupt

    monkeypatch.setattr(sources, 'unpack', interrupted)
    with pytest.raises(KeyboardInterrupt):
        sources.tree('some')
    monkeypatch.setattr(sources, 'unpack', unpack)
    assert (sources.tree('some') / 'lib/other/part.c').exists()


PATCH = """Why.

--- a/main.c
+++ b/main.c
@@ -1,2 +1,2 @@
 one
-{}
+three
"""


def test_patches_are_applied(fetching):
    before = sources.tree('some')
    (fetching.patches / '1.patch').write_text(PATCH.format('two'))
    fetching.pins['ports']['some']['patches'] = ['1.patch']
    tree = sources.tree('some')
    assert tree != before
    assert (tree / 'main.c').read_text() == 'one\nthree\n'


def test_a_patch_that_does_not_fit(fetching):
    (fetching.patches / '1.patch').write_text(PATCH.format('four'))
    fetching.pins['ports']['some']['patches'] = ['1.patch']
    assert 'Applying 1.patch failed: see ' in fail(sources.tree, 'some')


def test_a_machine_without_apt(fetching, monkeypatch):
    monkeypatch.setenv('PATH', str(fetching.mirror))
    line = fail(sources.tree, 'some')
    assert line.startswith('Sources are fetched by apt-get, which is not here: ')
    assert line.endswith('MICROPYTHON_DIR=path')


def test_the_address_of_the_mirror_is_the_systems_own(fetching):
    sources.tree('some')
    lines = (apt.ROOT / 'sources.list').read_text().splitlines()
    assert [line.split()[0] for line in lines] == ['deb', 'deb-src']
    assert all(line.endswith(f'file:{fetching.mirror} trixie main') for line in lines)


def test_the_pins_are_complete():
    pins = json.loads((sources.HERE / 'sources.json').read_text())
    for port in pins['ports'].values():
        assert set(port['packages']) <= set(pins['packages'])
        assert all((sources.HERE / 'patches' / name).exists() for name in port['patches'])
    for package in pins['packages'].values():
        assert len(bytes.fromhex(package['sha256'])) == 32
        assert package['version'] in package['file']


def test_patches_say_why():
    for path in (sources.HERE / 'patches').iterdir():
        header = path.read_text().partition('--- a/')[0]
        assert len(header.split()) > 20, path.name


def test_no_compiler(tmp_path, monkeypatch):
    port = sources.pins()['ports']['rp2']
    monkeypatch.setenv('PATH', str(tmp_path))
    line = fail(apt.need, port)
    assert line.startswith('Missing: arm-none-eabi-gcc, ')
    packages = line.partition('apt-get install ')[2].rstrip(')').split()
    assert {'cmake', 'gcc-arm-none-eabi', 'libnewlib-arm-none-eabi'} <= set(packages)


def test_compilers_are_installed_once(fetching, monkeypatch, capfd):
    """By whichever process is first: apt refuses to install while another apt does."""
    monkeypatch.setattr(os, 'geteuid', lambda: 0)
    port = {'programs': {'compiler': 'gcc'}, 'libraries': {}}
    with ThreadPoolExecutor() as pool:
        list(pool.map(apt.need, [port] * 3))
    said = capfd.readouterr().err
    assert 'Waiting for another installation to end' in said
    assert said.count('Installing with apt-get: gcc') == said.count('  the packages') == 1


def test_no_compiler_ends_make_in_one_line(tmp_path):
    python = tmp_path / 'bin' / 'python3'
    python.parent.mkdir()
    for name in ('sh', 'make', 'git'):
        (python.parent / name).symlink_to(shutil.which(name))
    python.symlink_to(Path(sys.executable).resolve())
    env = {'PATH': str(python.parent)}
    status, output = building.make('firmware', 'BOARD=rpi_pico', env=env)
    assert status != 0
    *before, said, made = output.splitlines()
    assert said.startswith('Missing: ')
    assert made.startswith('make')
    assert all(line.startswith(('Installing', 'Waiting', 'The first')) for line in before)


def test_a_program_that_fails_shows_its_last_lines(tmp_path, capsys):
    log = tmp_path / 'log'
    with pytest.raises(Failure, match='Counting failed: see .*log'):
        steps.run('Counting', ['sh', '-c', 'seq 100; exit 3'], log)
    shown = capsys.readouterr().err.split()
    assert shown[0] == 'Counting'
    assert shown[-1] == '100'
    assert len(shown) == 1 + steps.LAST_LINES
