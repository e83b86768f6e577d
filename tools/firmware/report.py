"""The results of a build: the image, its SHA-256, what it takes and what it was built from.

In build/firmware/BOARD:

- `firmware.uf2`, to copy onto the drive of the boot loader; `firmware.bin`, the same bytes plain;
  `firmware.elf`, with symbols (unix: the executable `microdot`)
- `SHA256SUMS`
- `size.txt`, `size.json`: flash, memory, each frozen module
- `built-from.json`: sources, their versions and checksums
- `sbom.cdx.json`: what is in it, for tools: see sbom
"""

import json
import re
import sys

from firmware import kept, sbom, sources
from microdot_kit.steps import Failure, ask, copy, new_folder, run, say, write

SYMBOL = re.compile(r'static const \w+ (\w+)(?:\[\d+\])? = ')
LITERAL = re.compile(r', (\d+), \(const byte\*\)"')
# What the names of the compiler's tools start with.
PREFIXES = {'rp2': 'arm-none-eabi-', 'unix': ''}


def finish(job, about):
    """Put the results into the output folder, all of them at once, and print the report."""
    with new_folder(job.out) as new:
        elf, images = IMAGES[job.facts['port']](job, new)
        sizes = measure(job, elf)
        sizes['kept'] = kept.measure(job, new)
        write(new / 'size.json', json.dumps(sizes, indent=2) + '\n')
        write(new / 'size.txt', text(job, sizes))
        write(new / 'built-from.json', json.dumps({'board': job.board, **about}, indent=2) + '\n')
        write(new / sbom.NAME, sbom.document(job.board, job.facts, about, images))
        sums = [f'{sources.sha256(path)}  {path.name}\n' for path in images]
        write(new / 'SHA256SUMS', ''.join(sums))
    say((job.out / 'size.txt').read_text().rstrip())
    for path in images:
        print(job.out / path.name)


def rp2_images(job, folder):
    flash = job.facts['flash']
    size = (job.work / 'firmware.bin').stat().st_size
    room = flash['romfs']['offset'] - flash['image']
    if size > room:
        raise Failure(
            f'The firmware takes {size} bytes, and there is room for {room} below ROMFS: freeze '
            f'less, or divide the flash otherwise (boards/{job.board}/mpconfigboard.h, boards.json)'
        )
    for name in ('firmware.bin', 'firmware.elf'):
        copy(job.work / name, folder / name)
    uf2 = [sys.executable, str(job.tree / 'tools' / 'uf2conv.py'), '-c']
    uf2 += ['-f', hex(job.facts['uf2_family']), '-b', hex(flash['base'] + flash['image'])]
    uf2 += ['-o', str(folder / 'firmware.uf2'), str(folder / 'firmware.bin')]
    run('Making firmware.uf2', uf2, job.log('uf2'))
    return folder / 'firmware.elf', [folder / 'firmware.uf2', folder / 'firmware.bin']


def unix_images(job, folder):
    executable = folder / 'microdot'
    strip = ['strip', '-o', str(executable), str(job.work / 'microdot')]
    run('Stripping the executable', strip, job.log('strip'))
    return job.work / 'microdot', [executable]


IMAGES = {'rp2': rp2_images, 'unix': unix_images}


def measure(job, elf):
    """The sizes in bytes: flash, static memory, and by module what is frozen."""
    prefix = PREFIXES[job.facts['port']]
    lines = ask(prefix + 'size', str(elf)).splitlines()
    code, data, zeros = (int(field) for field in lines[1].split()[:3])
    sizes = {'board': job.board, 'flash': code + data, 'static_ram': data + zeros}
    if 'flash' in job.facts:
        flash = job.facts['flash']
        sizes['flash_room'] = flash['romfs']['offset'] - flash['image']
    with open(job.work / 'frozen_content.c') as content:
        sizes['modules'] = modules(content, ask(prefix + 'nm', '-S', str(elf)))
    return sizes


def modules(content, symbols):
    """{frozen file: bytes of flash}, from what mpy-tool has written and the sizes of its symbols.

    Names that are interned are not in it: all modules share them.
    """
    bytes_of = {}
    for line in symbols.splitlines():
        fields = line.split()
        if len(fields) == 4:
            bytes_of[fields[3]] = int(fields[1], 16)
    sizes, file = {}, None
    for line in content:
        if line.startswith('// - frozen file name: '):
            file = line.split()[-1]
            sizes[file] = 0
        defined = SYMBOL.match(line) if file else None
        if defined:
            sizes[file] += bytes_of.get(defined[1], 0)
            literal = LITERAL.search(line)
            sizes[file] += int(literal[1]) + 1 if literal else 0
    return dict(sorted(sizes.items()))


def text(job, sizes):
    """The report for people, in bytes."""
    lines = [f'{job.facts["title"]} ({job.board}), bytes']
    room = f' of {sizes["flash_room"]:,}' if 'flash_room' in sizes else ''
    lines.append(f'{"flash":34}{sizes["flash"]:>10,}{room}')
    lines.append(f'{"static RAM":34}{sizes["static_ram"]:>10,}')
    for title, size in (sizes['kept'] or {}).items():
        lines.append(f'{title:34}{size:>10,}')
    groups = {}
    for name, size in sizes['modules'].items():
        group = name.partition('/')[0] if '/' in name else 'others'
        groups.setdefault(group, {})[name] = size
    lines.append(f'{"frozen modules":34}{sum(sizes["modules"].values()):>10,}')
    for group, entries in groups.items():
        lines.append(f'  {group:32}{sum(entries.values()):>10,}')
        lines += [f'    {name:30}{size:>10,}' for name, size in entries.items()]
    return '\n'.join(lines) + '\n'
