"""Builds the firmware of a board: what `make firmware` calls.

    python3 tools firmware BOARD [--app DIR] [--micropython DIR] [--variant NAME]
        [--setup] [--key FILE] [--version NUMBERS]

The image, its SHA-256, its size report and what it was built from go to build/firmware/BOARD. What
is wrong is said in one line, with exit status 1, and leaves the last firmware as it was.
"""

import argparse
import hashlib
import shutil
import sys

from firmware import apt, esp32, ports, report, sources
from microdot_kit import application, boards, payload, runtimes
from microdot_kit.steps import FIRMWARE, Failure, alone, ask, say

APP = 'examples/dashboard'


def options(arguments):
    parser = argparse.ArgumentParser(prog='firmware', description='Build the firmware of a board.')
    parser.add_argument('board', metavar='BOARD')
    parser.add_argument('--app', default=APP, help='the application to freeze in: its folder')
    parser.add_argument('--micropython', default='', help='a MicroPython checkout to build')
    parser.add_argument('--variant', default='', help='a variant of the board: OTA of the ESP32s')
    parser.add_argument('--setup', action='store_true', help='without a network, open a page')
    parser.add_argument('--key', default='', help='the public key that updates are checked with')
    parser.add_argument('--version', default='', help='what an ESP32 calls this firmware')
    return parser.parse_args(arguments)


def source_tree(chosen, facts):
    """The folder of MicroPython to build, and the environment that says its date and version."""
    pinned = sources.pins()
    if chosen.micropython:
        tree = sources.checkout(chosen.micropython, chosen.board, facts)
        date = ask('git', '-C', str(tree), 'log', '-1', '--format=%ct')
        return tree, ports.job_environment(date or pinned['epoch'], None)
    if facts['sources'] == 'checkout':
        raise sources.need_checkout(chosen.board, facts)
    return sources.tree(facts['port']), ports.job_environment(pinned['epoch'], pinned['tag'])


def made_with(job):
    """The hash of all but sources that a build depends on.

    The build systems themselves do not notice a changed board, compiler or optimization.
    """
    key = hashlib.sha256(f'{job.tree} {shutil.which("ninja")}'.encode())
    folder = runtimes.ROOT / 'boards' / job.board
    # Some of these include those of other boards.
    included = [*folder.parent.glob('*/*.h'), *folder.parent.glob('*/*.cmake')]
    others = [runtimes.ROOT / 'manifest.py', job.manifest, sources.HERE / 'ports.py']
    for path in (*sorted({*folder.iterdir(), *included}), *others):
        key.update(path.read_bytes())
    for compiler in ('gcc', 'arm-none-eabi-gcc'):
        key.update(ask(compiler, '--version').encode())
    return key


def update_key(chosen):
    """The source of the module `update_key`, empty without KEY=."""
    if not chosen.key:
        return b''
    from microdot_kit import keys, update

    if chosen.version:
        update.number(chosen.version)
    board = chosen.board + (f'-{chosen.variant.upper()}' if chosen.variant else '')
    return keys.module(chosen.key, board, chosen.version)


def build(chosen):
    """Build the chosen board and return the folder of the results."""
    facts = boards.find(chosen.board)
    if chosen.setup and facts['network'] != 'Wi-Fi':
        raise Failure(f'SETUP=1: {chosen.board} has no Wi-Fi to be set up')
    if facts['port'] == 'esp32':
        return esp32.build(chosen, facts, update_key(chosen))
    if chosen.variant:
        raise Failure(f'VARIANT={chosen.variant}: {chosen.board} has no variants')
    # What is wrong with these is told before anything is fetched.
    folder = FIRMWARE / 'work' / f'{chosen.board}.app'
    app = application.prepare(chosen.app, folder, chosen.setup, update_key(chosen))
    if chosen.micropython:
        sources.checkout(chosen.micropython, chosen.board, facts)
    apt.need(sources.pins()['ports'][facts['port']])
    tree, env = source_tree(chosen, facts)
    job = ports.Job(
        board=chosen.board,
        facts=facts,
        tree=tree,
        work=FIRMWARE / 'work' / chosen.board,
        out=FIRMWARE / chosen.board,
        env=env,
        own=bool(chosen.micropython),
    )
    ports.manifest(job, runtimes.ROOT / 'boards' / chosen.board, app)
    ports.clear(job, made_with(job))
    compiler = ports.mpy_cross(job)
    payload.check(chosen.app, compiler)  # in the firmware its modules have other names
    job.env['MICROPY_MPYCROSS'] = str(compiler)
    ports.PORTS[facts['port']](job)
    about = sources.built_from(facts['port'], tree, job.own)
    report.finish(job, {**about, 'application': chosen.app})
    return job.out


def next_step(board, folder):
    """What is done with the results."""
    facts = boards.find(board)
    if facts['port'] == 'unix':
        return runtimes.shown(folder / 'microdot')
    image = f' IMAGE={runtimes.shown(folder)}/firmware.bin' if folder.name != board else ''
    emulated = f', or in an emulator: make run BOARD={board}' if facts['emulated'] else ''
    return f'make flash BOARD={board}{image}{emulated}'


def main(arguments):
    chosen = options(arguments)
    try:
        with alone(FIRMWARE / 'lock', 'build'):
            folder = build(chosen)
        say(f'Next: {next_step(chosen.board, folder)}')
    except Failure as exc:
        sys.exit(str(exc))
    except KeyboardInterrupt:
        sys.exit('Interrupted. The next make goes on from here.')
    except OSError as exc:
        sys.exit(f'{exc.filename or "firmware"}: {exc.strerror}')


if __name__ == '__main__':
    main(sys.argv[1:])
