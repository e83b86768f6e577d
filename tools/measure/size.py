"""What the framework costs in memory, by applications as people write them (`make size`).

For each program of measure/programs, `page` and `live` above all: heap in use after each step
of measure/steps.py, new interned names, and the smallest heap in which all steps pass three
times in a row. On MicroPython's unix port, whose objects are twice as large as a board's, from
`.mpy` (`mpy-cross -O3`), from `.py` and frozen; on the 32-bit WebAssembly build, which has no
sockets, so that what the server loads is imported by name; on the emulated RP2040, where the last
row is the least free heap before the application is imported. A module counts if it is in
`sys.modules`.

    measure.size --reference      beside Microdot, in the same way
    measure.size --quick          from .mpy on the unix port alone
    measure.size --only-page      of `page` alone
    measure.size --lib FOLDER     the package that is in another folder than lib
    measure.size --check          exit status 1, and what it is, if a figure is above its ceiling
    measure.size --json FILE      write the figures there too"""

import argparse
import json
import pathlib
import sys
import tempfile

from measure import board, extensions, forms, heap, reference, server, steps, table, targets, wasm
from microdot_kit import runtimes
from microdot_kit.steps import Failure

OURS = 'ours'
EXTENSIONS = ('microdot.sse', 'microdot.websocket')  # that page.py imports
UNIX = ('mpy', 'py', 'frozen')
BOARD = ('rp2040-frozen', 'rp2040-mpy')
ROMFS = 'rp2040-romfs'
PROFILES = ('page', 'live', 'sessions')
WITHOUT_SESSIONS = PROFILES[:2]  # Microdot's need a module `jwt`, which no registry has
KEPT = {
    '32-bit': 'from .mpy, WebAssembly',
    'rp2040-mpy': 'from .mpy, RP2040',
    ROMFS: 'from ROMFS, RP2040',
    'rp2040-frozen': 'frozen, RP2040',
}
LAST_ROWS = {
    'names': 'new interned names',
    'smallest': 'smallest heap, KiB',
    'least': 'least free heap, KiB',
}


def measure_unix(lib, made, names, profiles):
    """Figures of the unix port: {figure: bytes}; and the module's states of `page` from .mpy."""
    figures, modules = {}, []
    for name in names:
        form = forms.make(name, lib, made)
        for profile in profiles:
            todo = steps.PROFILES[profile]
            states = heap.in_use(form, profile, todo)
            key = f'{profile} {name}'
            figures |= of_states(key, states)
            figures[f'{key} smallest'] = heap.smallest(form, profile, todo) * 1024
            if key == 'page mpy':
                modules = loaded(form, states)
    return figures, modules


def of_states(key, states):
    """{figure: value} of the states after the steps."""
    figures = {f'{key} {step}': state.used for step, state in states}
    used = [state.used for step, state in states if step != 'start']
    return {
        **figures,
        f'{key} end': used[-1],
        f'{key} growth': used[-1] - used[0],
        f'{key} names': states[-1][1].names,
    }


def loaded(form, states):
    """[(module, bytes of its .mpy, the step that loaded it)] in the order of loading."""
    found = {}
    for step, state in states:
        for name in state.modules:
            path = form.folder / name.replace('.', '/')
            file = path / '__init__.mpy' if path.is_dir() else path.with_suffix('.mpy')
            found.setdefault(name, (name, file.stat().st_size, step))
    return list(found.values())


def of_core(modules):
    """Those rows of `loaded` that are not of what `page` imports beside the core."""
    return [row for row in modules if not row[0].startswith(EXTENSIONS)]


def core(modules):
    """{figure: bytes} of the .mpy of the core."""
    sizes = [(size, step) for _, size, step in of_core(modules)]
    return {
        'core hello': sum(size for size, step in sizes if step in ('start', 'hello')),
        'core end': sum(size for size, _ in sizes),
    }


def measure_wasm(node, module, folder, modules):
    """Figures of the WebAssembly build; `modules`: what the server of the unix port has loaded."""
    figures = {}
    for profile, rows in (('basic', of_core(modules)), ('page', modules)):
        names = [name for name, _, _ in rows]
        states = wasm.in_use(node, module, folder, profile, names)
        figures |= {f'{profile} 32-bit {step}': used for step, used in states.items()}
    return figures


def measure_board(lib, made, modules, profiles):
    """Figures of the emulated RP2040."""
    figures, names = {}, [name for name, _, _ in of_core(modules)]
    for form in (*BOARD, ROMFS):
        folder = made / form
        folder.mkdir()
        with board.board(lib, folder, form.removeprefix('rp2040-')) as running:
            figures[f'basic {form} kept'] = board.kept(running, names)
            if form in BOARD:
                figures |= of_board(running, form, profiles)
    return figures


def of_board(running, form, profiles):
    figures = {}
    for profile in [name for name in profiles if name in WITHOUT_SESSIONS]:
        states = board.in_use(running, profile, steps.PROFILES[profile])
        figures |= of_states(f'{profile} {form}', states)
    figures[f'page {form} least'] = board.least_free(running, 'page', steps.PAGE_STEPS) * 1024
    return figures


def measure(lib, made, profiles, quick):
    """All figures of the package in a folder, and its modules as in `loaded`."""
    figures, modules = measure_unix(lib, made, UNIX[:1] if quick else UNIX, profiles)
    figures |= core(modules)
    if not quick:
        node, module = wasm.install(runtimes.ROOT / 'build' / 'size' / 'wasm')
        figures |= measure_wasm(node, module, made / 'mpy', modules)
        figures |= measure_board(lib, made, modules, profiles)
    return figures, modules


def show_steps(profile, figures):
    """Print the figures of a program: a row a step, a column a form and package."""
    names = [name for name in (*UNIX, '32-bit', *BOARD) if f'{profile} {name} end' in figures[OURS]]
    columns = [(name, who) for name in names for who in figures]
    rows = []
    for row in ('start', *(step.name for step in steps.PROFILES[profile]), *LAST_ROWS):
        cells = [figures[who].get(f'{profile} {name} {row}') for name, who in columns]
        if row in ('smallest', 'least'):
            cells = [cell and cell // 1024 for cell in cells]
        if any(cells):
            rows.append([LAST_ROWS.get(row, row), *cells])
    print(f'{profile}: heap in use after each step, bytes')
    heads = [name if who == OURS else reference.SHORT for name, who in columns]
    print(table.render(['', *heads], rows), end='\n\n')


def show_kept(figures):
    """Print what the core alone keeps of the heap."""
    rows = []
    for form, title in KEPT.items():
        rows.append([title, *(found.get(f'basic {form} kept') for found in figures.values())])
    print('Heap kept by all of the core, without an application, 32 bit, bytes')
    print(table.render(['', OURS, reference.SHORT][: 1 + len(figures)], rows), end='\n\n')


def show_modules(modules):
    print('Modules that are loaded, in bytes of .mpy')
    print(table.render(['module', 'bytes', 'by'], modules), end='\n\n')


def show_extensions(lib, made, modules):
    """Print what extensions cost."""
    node, module = wasm.install(runtimes.ROOT / 'build' / 'size' / 'wasm')
    names = [name for name, _, _ in modules]
    print('Heap kept by an extension beside all of the core, 32 bit, from .mpy; its .mpy; bytes')
    rows = extensions.measure(lib, made / 'mpy', node, module, names)
    print(table.render(['extension', 'imported', 'all of it', '.mpy'], rows), end='\n\n')


def show_targets(figures):
    print('What is wanted of it, bytes')
    heads = ['', OURS, reference.SHORT, 'wanted', 'beyond', 'reached']
    rows = targets.rows(targets.MEMORY, figures[OURS], figures.get(reference.NAME, {}))
    print(table.render(heads, list(rows)))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--lib', default=runtimes.LIB, type=pathlib.Path, metavar='FOLDER')
    for name in ('--quick', '--reference', '--check'):
        parser.add_argument(name, action='store_true')
    parser.add_argument('--only-page', action='store_true')
    parser.add_argument('--json', metavar='FILE')
    options = parser.parse_args()
    options.profile = PROFILES[:1] if options.only_page else PROFILES
    return options


def run(options):
    """Measure and print; returns {package: {figure: value}}."""
    libs = {OURS: options.lib.resolve()}
    if options.reference:
        libs[reference.NAME] = reference.install()
    figures, modules = {}, {}
    with tempfile.TemporaryDirectory() as made:
        for who, lib in libs.items():
            possible = PROFILES if who == OURS else WITHOUT_SESSIONS
            profiles = [name for name in options.profile if name in possible]
            found = measure(lib, pathlib.Path(made) / who, profiles, options.quick)
            figures[who], modules[who] = found
        for profile in options.profile:
            show_steps(profile, figures)
        show_modules(modules[OURS])
        if not options.quick:
            show_kept(figures)
            show_extensions(libs[OURS], pathlib.Path(made) / OURS, modules[OURS])
    show_targets(figures)
    return figures


def main():
    options = parse_arguments()
    try:
        figures = run(options)
    except (server.Missing, server.ServerError, wasm.WasmError, steps.StepError, Failure) as error:
        sys.exit(f'size: {error}')
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2))
    too_much = targets.over(figures[OURS])
    if options.check and too_much:
        sys.exit('\n'.join(['', *too_much]))


if __name__ == '__main__':
    main()
