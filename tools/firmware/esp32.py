"""Builds for ESP32 chips with a user's ESP-IDF, or in Docker with Espressif's image of it.

No package has ESP-IDF. Without it the build says what is needed and where it comes from. With it,
MicroPython's own makefile calls idf.py, and what that makes is looked through before it counts:
checksums, the partition table, whether the firmware fits its partition.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
from pathlib import Path

from firmware import ports, sbom, sources
from microdot_kit import application, payload, runtimes
from microdot_kit.steps import FIRMWARE, Failure, ask, copy, new_folder, run, say, write

DOCKER = 'espressif/idf'
SUPPORTED = re.compile(r'Currently MicroPython supports ([^\n]*(?:\n[^\n]+)*)')
VERSION = re.compile(r'v?(\d+\.\d+(?:\.\d+)?)')
RESULTS = ('firmware.bin', 'micropython.bin', 'micropython.elf')
NEEDED = """\
{board} is built by ESP-IDF, which no package has. Needed: MicroPython {micropython} and ESP-IDF
{idf}, which it supports.

    git clone -b v{micropython} https://github.com/micropython/micropython
    git -C micropython submodule update --init {submodules}
    git clone -b v{newest} --depth 1 --recursive --shallow-submodules \\
        https://github.com/espressif/esp-idf
    esp-idf/install.sh {target}
    make firmware BOARD={board} MICROPYTHON_DIR=micropython IDF_PATH=esp-idf

With Docker, in place of the last three:

    make firmware BOARD={board} MICROPYTHON_DIR=micropython IDF_DOCKER=1

Without a compiler, a downloaded MicroPython takes the framework in: make image BOARD={board}
BASE=firmware.bin APP=folder"""
FAR = 'MicroPython says it supports ESP-IDF {known}, this is {found}: it may not compile'


class Toolchain:
    """Where ESP-IDF comes from: `version` ('5.4', empty if unknown), `wrap(command, env)`."""

    def __init__(self, facts, folders):
        self.folders = folders
        docker, path = os.environ.get('IDF_DOCKER', ''), os.environ.get('IDF_PATH', '')
        self.docker = self.path = None
        if docker not in ('', '0'):
            self.docker = docker if docker != '1' else f'{DOCKER}:v{facts["idf"][-1]}'
            self.version = version_in(self.docker.rpartition(':')[2])
            if not shutil.which('docker'):
                raise Failure('IDF_DOCKER=1 needs docker, which is not installed')
        elif path:
            self.path = Path(path).expanduser().resolve()
            self.version = self.installed()

    def __bool__(self):
        return bool(self.docker or self.path)

    def installed(self):
        """The version of the ESP-IDF in IDF_PATH; Failure if it is none."""
        if not (self.path / 'tools' / 'idf.py').is_file():
            raise Failure(f'IDF_PATH={self.path}: no ESP-IDF, it has no tools/idf.py')
        if not shutil.which('idf.py') and not (self.path / 'export.sh').is_file():
            raise Failure(f'IDF_PATH={self.path}: no export.sh there, and no idf.py in PATH')
        named = self.path / 'version.txt'
        if named.is_file():
            return version_in(named.read_text())
        return version_in(ask('git', '-C', str(self.path), 'describe', '--tags'))

    def wrap(self, command, env):
        """The command that runs `command` with ESP-IDF at hand, and its environment."""
        if self.docker:
            options = [f'-v{folder}:{folder}' for folder in self.folders]
            options += [f'-e{name}={env[name]}' for name in PASSED if name in env]
            user = f'-u{os.getuid()}:{os.getgid()}'
            start = ['docker', 'run', '--rm', user, '-eHOME=/tmp', *options]
            return [*start, '-w', str(self.folders[0]), self.docker, *command], env
        env = {**env, 'IDF_PATH': str(self.path)}
        if shutil.which('idf.py'):
            return command, env
        script = f'. {shlex.quote(str(self.path / "export.sh"))} && exec "$@"'
        return ['bash', '-c', script, 'bash', *command], env


PASSED = ('SOURCE_DATE_EPOCH', 'PYTHONHASHSEED', 'MICROPY_MPYCROSS')


def version_in(text):
    found = VERSION.search(text)
    return found[1] if found else ''


def supported(tree, facts):
    """The versions of ESP-IDF that a MicroPython says it supports."""
    readme = tree / 'ports' / 'esp32' / 'README.md'
    found = SUPPORTED.search(readme.read_text()) if readme.is_file() else None
    # Up to the end of the sentence: a point that is not within a version.
    named = VERSION.findall(re.split(r'\.(?!\d)', found[1])[0]) if found else []
    return named or facts['idf']


def need(board, facts):
    """What to say if there is no ESP-IDF or no MicroPython."""
    return NEEDED.format(
        board=board,
        micropython=facts['micropython'],
        idf=' or '.join(facts['idf']),
        newest=facts['idf'][-1],
        target=facts['chip'].replace('-', '').lower(),
        submodules=' '.join(facts['submodules']),
    )


def build(chosen, facts, key=b''):
    """Build the chosen board and return the folder of the results."""
    variant = chosen.variant.upper()
    board = runtimes.ROOT / 'boards' / chosen.board
    there = [path.stem.partition('_')[2] for path in sorted(board.glob('mpconfigvariant_*.cmake'))]
    if variant and variant not in there:
        raise Failure(
            f'VARIANT={chosen.variant}: no such variant of {chosen.board}, only {", ".join(there)}'
        )
    named = os.environ.get('IDF_DOCKER', '') not in ('', '0') or os.environ.get('IDF_PATH')
    if not named or not chosen.micropython:
        raise Failure(need(chosen.board, facts))
    tree = sources.checkout(chosen.micropython, chosen.board, facts)
    tools = Toolchain(facts, [runtimes.ROOT, tree])
    known = supported(tree, facts)
    if tools.version and tools.version not in known:
        say(FAR.format(known=', '.join(known), found=tools.version))
    name = chosen.board + (f'-{variant}' if variant else '')
    payload.check(chosen.app)
    app = application.prepare(chosen.app, FIRMWARE / 'work' / f'{name}.app', chosen.setup, key)
    job = ports.Job(
        board=name,
        facts=facts,
        tree=tree,
        work=FIRMWARE / 'work' / name,
        out=FIRMWARE / name,
        env=environment(tree),
    )
    ports.manifest(job, board, app)
    ports.clear(job, made_with(job, board, tools))
    compile_all(job, board, variant, tools)
    return finish(job, {'application': chosen.app, 'esp-idf': tools.version or str(tools.path)})


def environment(tree):
    date = ask('git', '-C', str(tree), 'log', '-1', '--format=%ct')
    env = ports.job_environment(date or sources.pins()['epoch'], None)
    env.pop('PYTHONPATH', None)  # ours; idf.py has a Python of its own
    return env


def made_with(job, board, tools):
    """The hash of the settings of a build: idf.py keeps the old ones."""
    key = hashlib.sha256(f'{job.tree} {tools.path} {tools.docker} {tools.version}'.encode())
    for path in sorted({*board.iterdir(), *(board.parent / 'esp32').iterdir()}):
        key.update(path.read_bytes())
    return key


def compile_all(job, board, variant, tools):
    """Call MicroPython's makefiles: for mpy-cross, then for the port."""
    cross = ports.mpy_cross_folder(job.tree, tools.docker or '')
    command = ['make', '-C', str(job.tree / 'mpy-cross'), f'-j{ports.JOBS}', f'BUILD={cross}']
    command, env = tools.wrap(command, job.env)
    run('Building mpy-cross', command, job.log('mpy-cross'), env)
    job.env['MICROPY_MPYCROSS'] = str(cross / 'mpy-cross')
    command, env = tools.wrap(make_port(job, board, variant), job.env)
    run(f'Compiling {job.board}', command, job.log('compile'), env)


def make_port(job, board, variant, *options):
    """The call of the port's makefile, which calls idf.py."""
    command = ['make', '-C', str(job.tree / 'ports' / 'esp32'), *options]
    command += [f'BOARD={board.name}', f'BOARD_DIR={board}', f'BUILD={job.work}']
    command += [f'BOARD_VARIANT={variant}'] if variant else []
    return [*command, f'FROZEN_MANIFEST={job.manifest}']


def finish(job, about):
    """Look through what was built, put it into the output folder and print the report."""
    from microdot_kit import espimage

    image = espimage.read(job.work / 'firmware.bin')
    if image.chip != job.facts['chip']:
        raise Failure(f'The image is for {image.chip}, {job.board} has {job.facts["chip"]}')
    with new_folder(job.out) as new:
        for name in RESULTS:
            if (job.work / name).exists():
                copy(job.work / name, new / name)
        sums = [f'{sources.sha256(path)}  {path.name}\n' for path in sorted(new.iterdir())]
        write(new / 'SHA256SUMS', ''.join(sums))
        sizes = {'board': job.board, 'flash': len(image.app_data), 'flash_room': image.app.size}
        write(new / 'size.json', json.dumps(sizes, indent=2) + '\n')
        about = {'board': job.board, **sources.built_from('esp32', job.tree, True), **about}
        write(new / 'built-from.json', json.dumps(about, indent=2) + '\n')
        images = [new / name for name in RESULTS if (new / name).exists()]
        write(new / sbom.NAME, sbom.document(job.board, job.facts, about, images))
    say(f'{job.facts["title"]}: {sizes["flash"]:,} bytes of {sizes["flash_room"]:,}')
    print(job.out / 'firmware.bin')
    return job.out
