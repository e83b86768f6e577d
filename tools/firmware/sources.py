"""The source trees that firmware is built from: pinned archives, unpacked and mended.

sources.json pins the original archives by version and SHA-256. A tree's folder is named after all
that goes into it, so a changed pin or patch makes another tree, and a tree that is there is whole.
"""

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

from firmware import apt
from microdot_kit import runtimes
from microdot_kit.steps import BUILD, FIRMWARE, Failure, alone, ask, once, remove, run, say

HERE = Path(__file__).resolve().parent
PATCHES = HERE / 'patches'
CACHE = BUILD / 'cache' / 'sources'
# Parts of archives that no build reads, and that make most of their files.
UNUSED = ('mbedtls/tests', 'mbedtls/programs', 'mbedtls/framework', 'micropython/docs')


def pins():
    return json.loads((HERE / 'sources.json').read_text())


def sha256(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def check(name, package, path):
    """Failure if an archive is not the pinned one, which is then removed."""
    found = sha256(path)
    if found != package['sha256']:
        remove(path)
        raise Failure(
            f'{package["file"]} is not the file that was pinned: its SHA-256 is {found[:16]}..., '
            f'not {package["sha256"][:16]}... (tools/firmware/sources.json, {name})'
        )


def archives(names):
    """The paths of the packages' archives, checked; those not in the cache are fetched."""
    packages = {name: pins()['packages'][name] for name in names}
    with alone(CACHE.parent / 'lock', 'download'):
        fetch({name: p for name, p in packages.items() if not (CACHE / p['file']).exists()})
    for name, package in packages.items():
        check(name, package, CACHE / package['file'])
    return {name: CACHE / package['file'] for name, package in packages.items()}


def fetch(absent):
    """Put the archives of packages into the cache."""
    if not absent:
        return
    apt.fetch(absent, pins()['suite'])
    CACHE.mkdir(parents=True, exist_ok=True)
    for name, package in absent.items():
        fetched = apt.ROOT / 'files' / package['file']
        check(name, package, fetched)
        fetched.replace(CACHE / package['file'])


def digest(port):
    """What the name of a port's tree says about its contents."""
    pinned = pins()
    about = [port['empty'], UNUSED]
    about += [pinned['packages'][name] for name in port['packages']]
    about += [(PATCHES / name).read_text() for name in port['patches']]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:12]


def tree(name):
    """The folder of the sources of a port (`rp2`, `unix`), made unless it is there."""
    port = pins()['ports'][name]
    folder = FIRMWARE / 'sources' / f'{name}-{digest(port)}'
    return once(folder, lambda new: unpack_all(port, new))


def unpack_all(port, folder):
    """Put the sources of a port into a new folder."""
    for package, path in archives(port['packages']).items():
        say(f'Unpacking {path.name}')
        unpack(package, path, folder)
    for file in port['empty']:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text('Empty: what is asked of this folder is that it exists.\n')
    for file in port['patches']:
        command = ['patch', '--batch', '-p1', '-i', str(PATCHES / file)]
        run(f'Applying {file}', command, apt.LOGS / file, cwd=folder)


def unpack(name, path, folder):
    """Unpack an archive to where its package belongs in a tree."""
    package = pins()['packages'][name]
    target = folder / package['into']
    if package['into']:
        remove(target)
    target.mkdir(parents=True, exist_ok=True)
    if path.suffix == '.deb':
        unpacked = folder / 'deb'
        run(f'  from {path.name}', ['dpkg-deb', '-x', str(path), str(unpacked)], apt.LOGS / 'deb')
        target.rmdir()
        (unpacked / package['from']).rename(target)
        shutil.rmtree(unpacked)
        return
    with tarfile.open(path) as archive:
        for member in archive:
            member.name = member.name.partition('/')[2]
            if member.name and not unused(name, member.name):
                archive.extract(member, target, **FILTER)


FILTER = {'filter': 'fully_trusted'} if hasattr(tarfile, 'data_filter') else {}


def unused(name, path):
    return any(f'{name}/{path}/'.startswith(part + '/') for part in UNUSED)


def need_checkout(board, facts):
    """What a board that no package has all sources of needs to be built, as a Failure."""
    parts = ' '.join(facts['submodules'])
    return Failure(
        f'{board} needs the driver of its radio, which no package has: MICROPYTHON_DIR=path of a '
        f'MicroPython checkout (v{facts["micropython"]}) with its submodules {parts}'
    )


def need_image(board):
    """What such a board needs to be run, as a Failure."""
    return Failure(
        f'No package has a firmware for {board}: give IMAGE=file.uf2, one from '
        'micropython.org/download, or MICROPYTHON_DIR=checkout of MicroPython, to build one'
    )


def checkout(path, board, facts):
    """The folder of a user's own MicroPython, after a look at whether all of it is there."""
    folder = Path(path).expanduser().resolve()
    if not (folder / 'py' / 'mpconfig.h').exists():
        raise Failure(f'MICROPYTHON_DIR={path}: no MicroPython checkout')
    lacking = [part for part in facts['submodules'] if is_empty(folder / part)]
    if lacking:
        raise Failure(
            f'MICROPYTHON_DIR={path} lacks what {board} needs: '
            f'git -C {path} submodule update --init {" ".join(lacking)}'
        )
    return folder


def is_empty(folder):
    """Whether a folder is not there or has nothing in it, like a submodule not fetched."""
    return not folder.is_dir() or not any(folder.iterdir())


def built_from(port, folder, own):
    """What a firmware was built from, for its report."""
    project = ask('git', '-C', str(runtimes.ROOT), 'describe', '--always', '--dirty', '--abbrev=12')
    about = {'project': project or 'not a git checkout'}
    if own:
        revision = ask('git', '-C', str(folder), 'describe', '--always', '--dirty', '--tags')
        return {**about, 'micropython': revision or 'not a git checkout'}
    pinned = pins()
    about['packages'] = {
        name: {key: pinned['packages'][name][key] for key in ('version', 'file', 'sha256')}
        for name in pinned['ports'][port]['packages']
    }
    about['patches'] = pinned['ports'][port]['patches']
    return about
