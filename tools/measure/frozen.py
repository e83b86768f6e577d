"""MicroPython with modules frozen in, for the unix port and for the board that is emulated.

It is built as `make firmware` builds it, out of the same pinned sources, and kept in build/measure
for as long as nothing that goes into it changes: the latest few of each."""

import os
import shutil

from firmware import apt, ports, report, sources
from firmware.__main__ import made_with
from microdot_kit import boards, runtimes
from microdot_kit.steps import BUILD, FIRMWARE, alone, new_folder, remove, write

FOLDER = BUILD / 'measure'
MODULES = runtimes.ROOT / 'boards' / 'modules'
# What is frozen beside the modules: asyncio, and what joins the network.
UNIX = "include('$(MPY_DIR)/extmod/asyncio')\n"
PICO = f"""{UNIX}freeze('$(PORT_DIR)/modules', ('_boot.py', 'rp2.py'))
freeze({str(MODULES)!r}, ('main.py', 'startup.py'), opt=3)
module('link.py', base_path={str(MODULES / 'ppp')!r}, opt=3)
"""
MANIFESTS = {'unix': (UNIX, 'microdot'), 'rpi_pico': (PICO, 'firmware.uf2')}
KEPT = 6
MANIFEST = '{}freeze({!r}, opt=3)\n'


def build(board, folder):
    """The path of the image of a board (`unix`: the program) with the modules of a folder in it.

    Failure if it cannot be built."""
    facts = boards.find(board)
    text, name = MANIFESTS[board]
    apt.need(sources.pins()['ports'][facts['port']])
    work = FOLDER / 'work' / board
    job = ports.Job(
        board=board,
        facts=facts,
        tree=sources.tree(facts['port']),
        work=work,
        env=ports.job_environment(sources.pins()['epoch'], sources.pins()['tag']),
    )
    with alone(FIRMWARE / 'lock', 'build'):
        write(job.manifest, MANIFEST.format(text, str(work.with_name(f'{board}.frozen'))))
        key = made_with(job)
        out = FOLDER / f'{board}-{contents(folder, key.copy())}'
        if not out.exists():
            compile_image(job, key, folder, out)
            for old in sorted(FOLDER.glob(f'{board}-*'), key=os.path.getmtime)[:-KEPT]:
                remove(old)
    return out / name


def contents(folder, key):
    """What the name of an image says of what is in it."""
    for path in sorted(folder.rglob('*.py')):
        key.update(f'{path.relative_to(folder)}\n'.encode() + path.read_bytes())
    return key.hexdigest()[:12]


def compile_image(job, key, folder, out):
    modules = job.work.with_name(f'{job.board}.frozen')
    remove(modules)
    # Copies that are new: MicroPython's build goes by the time of the last change, and takes no
    # notice of a module that is gone.
    shutil.copytree(folder, modules, copy_function=shutil.copyfile)
    ports.clear(job, key)
    remove(job.work / 'frozen_content.c')
    job.env['MICROPY_MPYCROSS'] = str(ports.mpy_cross(job))
    ports.PORTS[job.facts['port']](job)
    with new_folder(out) as new:
        report.IMAGES[job.facts['port']](job, new)
