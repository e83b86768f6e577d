"""Gathers whatever a release consists of in dist/: what `make release` calls.

    release.py [FOLDER]

- `microdot_kit-VERSION` as wheel and sdist
- `mip`: packages for MicroPython's installer, see mip
- `microdot-VERSION.py`, `microdot-VERSION.mpy`: the core as one file, see bundle
- `microdot-kit-VERSION-BOARD...`: firmware that `make firmware BOARD=` has built of this very state
  of the project; older ones are named and left out
- `RELEASE_NOTES.md`: what CHANGELOG.md has about this version
- `SHA256SUMS`: the checksums of all of it, for `sha256sum -c`

All of it is made before any of it replaces what the folder had.
"""

import argparse
import email
import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import bundle
import mip
import payload
import runtimes
from firmware.steps import FIRMWARE, Failure, ask, replace, say
from runtimes import LIB, ROOT

FOLDER = ROOT / 'dist'
SUMS = 'SHA256SUMS'
COPIED = ('pyproject.toml', 'LICENSE', 'README.md')
PROJECT = 'microdot-kit'


def notes(version):
    """The part of CHANGELOG.md about a version. Failure if there is none."""
    text = (ROOT / 'CHANGELOG.md').read_text()
    found = re.search(rf'^## {re.escape(version)}\n(.*?)(?=^## |\Z)', text, re.M | re.S)
    if not found or not found.group(1).strip():
        raise Failure(
            f'CHANGELOG.md has nothing about {version}: write "## {version}" and what is new'
        )
    return found.group(1).strip() + '\n'


def state():
    """The commit of this checkout as firmware notes it, empty if there is no telling."""
    return ask('git', '-C', str(ROOT), 'describe', '--always', '--dirty', '--abbrev=12')


def build_packages(folder):
    """Put wheel and sdist into a folder, made from a copy that has nothing else in it."""
    with tempfile.TemporaryDirectory() as made:
        copy = Path(made) / 'project'
        copy.mkdir()
        for name in COPIED:
            shutil.copy(ROOT / name, copy)
        left = shutil.ignore_patterns('__pycache__', '*.egg-info')
        shutil.copytree(LIB, copy / 'lib', ignore=left)
        command = [sys.executable, '-m', 'build', '--outdir', str(folder), str(copy)]
        ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        lines = (ended.stderr.strip() or ended.stdout.strip() or 'no output').splitlines()
        raise Failure(f'wheel and sdist cannot be built: {lines[-1]}')
    for path in folder.iterdir():
        check_metadata(metadata_of(path), path.name)


def metadata_of(path):
    """The bytes of the metadata of a wheel or an sdist."""
    if path.suffix == '.whl':
        with zipfile.ZipFile(path) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith('.dist-info/METADATA'))
            return wheel.read(name)
    with tarfile.open(path) as sdist:
        top = sdist.getnames()[0].split('/')[0]
        return sdist.extractfile(top + '/PKG-INFO').read()


def check_metadata(data, name):
    """Failure for metadata that an index would refuse, or that shows nothing."""
    from packaging.metadata import ExceptionGroup, Metadata

    try:
        parsed = Metadata.from_email(data, validate=True)
    except ExceptionGroup as exc:
        raise Failure(f'{name}: {exc.exceptions[0]}: mend pyproject.toml')
    message = email.message_from_bytes(data)
    if message['Description-Content-Type'] != 'text/markdown' or not parsed.description:
        raise Failure(f'{name}: shows no README: mend pyproject.toml')


def add_bundle(folder, version):
    source = folder / f'{bundle.PUBLIC}-{version}.py'
    source.write_text(bundle.Bundle().make())
    compiled = payload.compile_one(bundle.FILE.name, source, 3, '')
    source.with_suffix('.mpy').write_bytes(compiled)


def add_firmware(folder, version, built=FIRMWARE):
    """Copy the images that were built of this state, and say which are left out."""
    here = state()
    for record in sorted(built.glob('*/built-from.json')):
        source = record.parent
        project = json.loads(record.read_text()).get('project')
        if not here or project != here:
            say(f'{source.name} was built from {project}, this is {here or "unknown"}: left out')
            continue
        for line in (source / SUMS).read_text().splitlines():
            digest, name = line.split()
            copy_image(source / name, digest, folder / image_name(version, source.name, name))


def image_name(version, board, name):
    suffix = Path(name).suffix or '-' + platform.machine()
    return f'{PROJECT}-{version}-{board}{suffix}'


def copy_image(source, digest, target):
    if not source.is_file() or payload.digest(source.read_bytes()) != digest:
        raise Failure(f'{runtimes.shown(source)} is damaged: make firmware again')
    if target.exists():
        raise Failure(f'{target.name} would be two images')
    shutil.copy(source, target)


def checksums(folder):
    """The lines of SHA256SUMS for all files of a folder."""
    lines = []
    for path in sorted(path for path in folder.rglob('*') if path.is_file()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f'{digest}  {path.relative_to(folder).as_posix()}\n')
    return ''.join(lines)


def make(folder):
    """Fill an empty folder with everything, and return the version."""
    version = payload.version()
    text = notes(version)
    say('Building wheel and sdist')
    build_packages(folder)
    say('Making the packages for mip, and the single file')
    (folder / 'mip').mkdir()
    mip.build(folder / 'mip')
    add_bundle(folder, version)
    add_firmware(folder, version)
    (folder / 'RELEASE_NOTES.md').write_text(text)
    (folder / SUMS).write_text(checksums(folder))
    return version


def main(arguments):
    parser = argparse.ArgumentParser(prog='release.py', description='Gather a release.')
    parser.add_argument('folder', nargs='?', type=Path, default=FOLDER)
    folder = parser.parse_args(arguments).folder.resolve()
    try:
        version = replace(folder, SUMS, make)
    except (Failure, OSError) as exc:
        sys.exit(str(exc))
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    print(f'{runtimes.shown(folder)}: {version}')
    for name in names:
        print(f'  {name}')


if __name__ == '__main__':
    main(sys.argv[1:])
