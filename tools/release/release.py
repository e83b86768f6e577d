"""Gathers whatever a release consists of in dist/: what `make release` calls.

    release.release [FOLDER] [--micropython DIR] [--base FILE]

- `microdot_kit-VERSION` as wheel and sdist
- `mip`: packages for MicroPython's installer, see mip
- `microdot-VERSION.py`, `microdot-VERSION.mpy`: the core as one file, see bundle
- `microdot-kit-VERSION-BOARD...`: firmware with the dashboard for every board that can be built
  here; the others are named, with what they need
- `microdot-kit-VERSION-esp32.bin`: without ESP-IDF, MicroPython's own image for the ESP32 with the
  framework and the dashboard in it, see image; `--base` names another one
- beside each image its bill of materials, `.cdx.json`: see sbom
- `LICENSE-MicroPython.txt`: that of what all these images have in them
- `RELEASE_NOTES.md`: what is new, what each file is for
- `SHA256SUMS`: the checksums of all of it, for `sha256sum -c`

A release is made of a commit and nothing else, and the same tools make the same bytes of it. All of
it is made before any of it replaces what the folder had.
"""

import argparse
import email
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from firmware import sbom, sources
from microdot_kit import boards, payload, runtimes, stock
from microdot_kit.runtimes import ROOT
from microdot_kit.steps import FIRMWARE, Failure, ask, environment, replace, run, say
from release import bundle, mip

FOLDER = ROOT / 'dist'
SUMS = 'SHA256SUMS'
LICENSE = 'LICENSE-MicroPython.txt'
APP = 'examples/dashboard'
PROJECT = 'microdot-kit'
MACHINE = platform.machine()
# What a build of firmware makes: how a release calls it, and what it is for.
IMAGES = {
    'firmware.uf2': ('.uf2', 'copy it onto the drive of the boot loader'),
    'firmware.bin': ('.bin', 'for tools that write it to {address}'),
    'micropython.bin': ('-update.bin', 'the firmware alone, for updates over the network'),
    sbom.NAME: ('.cdx.json', 'what is in that firmware, as CycloneDX'),
    'microdot': (f'-{MACHINE}', f'the program, for {platform.system()} on {MACHINE}'),
}
NOTES = """\
# {project} {version}

{changes}
## What each file is for

| File | |
|---|---|
{files}

## Checksums

`sha256sum -c SHA256SUMS` in this folder says whether all files are whole. Whoever runs
`make release` on commit {commit} gets the same checksums, given the same compilers.
"""


def git(*arguments):
    return ask('git', '-C', str(ROOT), *arguments)


def committed():
    """The commit that the project is at; Failure if there is none, or something is not in it."""
    commit = git('rev-parse', 'HEAD')
    if not commit:
        raise Failure('A release is made of a commit, and this is no git checkout')
    changes = git('status', '--porcelain').splitlines()
    if changes:
        name = changes[0].split(maxsplit=1)[1]
        more = f' and {len(changes) - 1} more' if changes[1:] else ''
        raise Failure(f'A release is made of a commit: commit or remove {name}{more} (git status)')
    return commit


def changes_in(version):
    """The part of CHANGELOG.md about a version. Failure if there is none."""
    text = (ROOT / 'CHANGELOG.md').read_text()
    found = re.search(rf'^## {re.escape(version)}\n(.*?)(?=^## |\Z)', text, re.M | re.S)
    if not found or not found.group(1).strip():
        raise Failure(
            f'CHANGELOG.md has nothing about {version}: write "## {version}" and what is new'
        )
    return found.group(1).strip() + '\n'


def build_packages(folder):
    """Put wheel and sdist into a folder; the same commit gives the same bytes."""
    date = git('log', '-1', '--format=%ct')
    env = environment(**({'SOURCE_DATE_EPOCH': date} if date else {}))
    command = [sys.executable, '-m', 'build', '--no-isolation', '--outdir', str(folder), str(ROOT)]
    ended = subprocess.run(command, env=env, capture_output=True, text=True)
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
    source.write_text(bundle.Bundle().text)
    compiled = payload.compile_one(bundle.FILE.name, source, 3, '')
    source.with_suffix('.mpy').write_bytes(compiled)


def lacking(facts, micropython):
    """What a board cannot be built without and is not given, empty if that is nothing."""
    needed = []
    if facts['sources'] == 'checkout' and not micropython:
        needed.append('MICROPYTHON_DIR=')
    if facts['port'] == 'esp32' and os.environ.get('IDF_DOCKER', '0') in ('', '0'):
        needed += [] if os.environ.get('IDF_PATH') else ['IDF_PATH=']
    return ' and '.join(needed)


def build_firmware(board, facts, micropython):
    """Build the firmware of a board, seconds if nothing has changed; return its folder."""
    command = [sys.executable, str(ROOT / 'tools'), 'firmware', board, '--app', APP]
    command += ['--setup'] if facts['network'] == 'Wi-Fi' else []
    if facts['sources'] == 'checkout':
        command += ['--micropython', micropython]
    log = FIRMWARE / 'work' / f'{board}.logs' / 'release'
    run(f'Building the firmware of {board}', command, log, environment(), cwd=ROOT)
    return FIRMWARE / board


def add_firmware(folder, version, micropython):
    """Put the images of all boards that can be built into a folder; return {name: what for}."""
    found = {}
    for board, facts in boards.read().items():
        if lacking(facts, micropython):
            say(f'{board} is left out: it needs {lacking(facts, micropython)}')
            continue
        built = build_firmware(board, facts, micropython)
        for name, (suffix, purpose) in IMAGES.items():
            if (built / name).exists():
                target = f'{PROJECT}-{version}-{board}{suffix}'
                shutil.copyfile(built / name, folder / target)
                (folder / target).chmod(0o644 if Path(name).suffix else 0o755)
                found[target] = f'{facts["title"]}: {purpose.format(address=address(facts))}'
    return found


def add_image(folder, version, base, images):
    """Put MicroPython's own image, with the dashboard in it, into a folder, unless its board was
    built; return {name: what for}."""
    from microdot_kit import espimage, image

    stocked = espimage.read(Path(base) if base else stock.image())
    board = stocked.chip.replace('-', '').lower()
    target = f'{PROJECT}-{version}-{board}.bin'
    if target in images:
        return {}
    say(f'Putting the framework and the dashboard into {stocked.name}')
    image.check(stocked, '')
    (folder / target).write_bytes(image.compose(stocked, APP, setup=True)[0])
    number = '.'.join(map(str, stocked.version))
    about = {'micropython': number, 'application': APP}
    bill = f'{PROJECT}-{version}-{board}.cdx.json'
    text = sbom.document(board, boards.find('esp32'), about, [folder / target])
    (folder / bill).write_text(text)
    return {
        bill: f'{stocked.chip}: {IMAGES[sbom.NAME][1]}',
        target: f'{stocked.chip}: MicroPython {number} as published, with the framework and the '
        f'dashboard as files, for {hex(stocked.offset)} of {stocked.flash_size >> 20} MB of flash',
    }


def address(facts):
    """Where in the memory of a chip its image begins, to be read."""
    flash = facts.get('flash', {'image': 0})
    return hex(flash.get('base', 0) + flash['image'])


def notes(version, commit, images):
    """The text of RELEASE_NOTES.md; `images` are {name of firmware: what it is for}."""
    files = {
        f'microdot_kit-{version}-py3-none-any.whl': 'CPython 3.9 or newer: `pip install` it',
        f'microdot_kit-{version}.tar.gz': 'the same as source',
        'mip/': 'MicroPython: put the folder onto a web server, then '
        '`mpremote mip install --index ADDRESS microdot`, or `microdot-all`',
        f'microdot-{version}.mpy': 'MicroPython: the core as one file, to be called `microdot.mpy`',
        f'microdot-{version}.py': 'the same as source, for CPython too: `microdot.py`',
        **images,
        LICENSE: 'the licence of MicroPython, which is in all of these images',
    }
    lines = '\n'.join(f'| `{name}` | {purpose} |' for name, purpose in files.items())
    changes = changes_in(version)
    return NOTES.format(
        project=PROJECT, version=version, commit=commit, changes=changes, files=lines
    )


def checksums(folder):
    """The lines of SHA256SUMS for all files of a folder."""
    lines = []
    for path in sorted(path for path in folder.rglob('*') if path.is_file()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f'{digest}  {path.relative_to(folder).as_posix()}\n')
    return ''.join(lines)


def make(folder, micropython, base):
    """Fill an empty folder with everything, and return the version."""
    commit, version = committed(), payload.version()
    changes_in(version)  # or it ends here, before what takes long
    say('Building wheel and sdist')
    build_packages(folder)
    say('Making the packages for mip, and the single file')
    (folder / 'mip').mkdir()
    mip.build(folder / 'mip')
    add_bundle(folder, version)
    images = add_firmware(folder, version, micropython)
    images.update(add_image(folder, version, base, images))
    shutil.copyfile(sources.tree('unix') / 'LICENSE', folder / LICENSE)
    (folder / 'RELEASE_NOTES.md').write_text(notes(version, commit, images))
    (folder / SUMS).write_text(checksums(folder))
    if committed() != commit:
        raise Failure('There is a new commit meanwhile: make release again')
    return version


def main(arguments):
    parser = argparse.ArgumentParser(prog='release.release', description='Gather a release.')
    parser.add_argument('folder', nargs='?', type=Path, default=FOLDER)
    parser.add_argument('--micropython', default='', help='a checkout for boards that need one')
    parser.add_argument('--base', default='', help='an image for the ESP32, in place of the pinned')
    chosen = parser.parse_args(arguments)
    folder = chosen.folder.resolve()
    try:
        version = replace(folder, SUMS, lambda new: make(new, chosen.micropython, chosen.base))
    except (Failure, OSError) as exc:
        sys.exit(str(exc))
    except KeyboardInterrupt:
        sys.exit(f'Interrupted: {runtimes.shown(folder)} is as it was')
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    print(f'{runtimes.shown(folder)}: {version}')
    for name in names:
        print(f'  {name}')


if __name__ == '__main__':
    main(sys.argv[1:])
