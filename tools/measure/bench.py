"""CPU time per request, step by step, by applications as people write them (`make bench`).

For each step of measure/steps.py, on MicroPython (from `.mpy`) and CPython: microseconds of CPU, on
a connection of its own and over a persistent one; beside a raw asyncio server that reads once
and writes once; with --reference beside Microdot, the same file, which closes each connection,
so that it is the figure for both. The same application under uvicorn beside Starlette and
under gunicorn beside Bottle. On the emulated RP2040: cycles. `measure/cpu.py` says how it is
measured.

    measure.bench --reference             beside Microdot
    measure.bench --quick                 one round beside Microdot, of the own server alone
    measure.bench --runtime cpython       also micropython, uvicorn, gunicorn, rp2040; repeatable
    measure.bench --lib FOLDER            the package that is in another folder than lib
    measure.bench --json FILE             write the figures there too"""

import argparse
import contextlib
import functools
import json
import pathlib
import platform
import sys
import tempfile

from measure import board, cpu, forms, hosted, reference, server, steps, table, targets
from microdot_kit import runtimes
from microdot_kit.steps import Failure

OURS = 'ours'
OWN = {'micropython': 'mpy', 'cpython': 'cpython'}  # runtime: the form that runs on it
BOARD = ('rp2040-frozen', 'rp2040-mpy')
RUNTIMES = (*OWN, *hosted.COMMANDS, 'rp2040')
PROFILES = ('hello', 'page', 'live', 'sessions')
ON_BOARD = ('page', 'live')
HEAP = '384K'  # as much as 192 KB of a board: objects of a 64-bit program are twice as large
WAYS = ('own', 'persistent')


def worst(values):
    """The highest of the ratios, if there is one."""
    return max((value for value in values if value is not None), default=None)


def without(columns, rows, name):
    """A table without the columns of that name."""
    keep = [number for number, column in enumerate(columns) if column != name]
    return [columns[number] for number in keep], [[row[number] for number in keep] for row in rows]


class Bench:
    """One benchmark: options, the packages as {who: folder}, a folder to work in, and the `figures`
    that it has found so far, as {name: number}."""

    def __init__(self, options, libs, made):
        self.options = options
        self.libs = libs
        self.made = made
        self.figures = {}

    def rounds(self, start, todo):
        """Results of `cpu.measure`; `start(stack)` returns the lanes of a round."""
        found = []
        for _ in range(self.options.rounds):
            with contextlib.ExitStack() as stack:
                lanes = start(stack)
                for lane in lanes:
                    stack.callback(lane.close)
                found.append(cpu.measure(lanes, todo, self.options.turns))
        return found

    def own(self, runtime):
        """The own server on a runtime: a table for each program."""
        made = {
            who: forms.make(OWN[runtime], lib, self.made / runtime / who)
            for who, lib in self.libs.items()
        }
        for profile in PROFILES:
            here = dict(made)
            if profile == 'sessions' and runtime == 'micropython':
                here.pop(reference.NAME, None)  # its own need a module `jwt`
            start = functools.partial(self.own_lanes, here, profile)
            self.show_own(f'{runtime} {profile}', self.rounds(start, steps.PROFILES[profile]))

    def own_lanes(self, made, profile, stack):
        lanes = []
        for who, form in made.items():
            process = stack.enter_context(form.server(profile, heap=self.options.heap))
            ways = WAYS if who == OURS else WAYS[:1]
            lanes += [cpu.Lane(who, way, process) for way in ways]
        for way in WAYS if profile == 'hello' else ():
            process = stack.enter_context(made[OURS].server('raw', way, heap=self.options.heap))
            lanes.append(cpu.Lane('raw', way, process))
        return lanes

    def show_own(self, title, rounds):
        base = reference.NAME, 'own'
        rows, found = [], {way: [] for way in WAYS}
        for step in rounds[0]:
            row = [step, cpu.microseconds(rounds, step, base)]
            for way in WAYS:
                beside = cpu.ratio(rounds, step, (OURS, way), base)
                raw = cpu.ratio(rounds, step, (OURS, way), ('raw', way))
                row += [cpu.microseconds(rounds, step, (OURS, way)), beside, raw]
                found[way].append(beside)
                self.note(f'{title} {way} {step}', beside)
                self.note(f'{title} {way} raw', raw)
            rows.append(row)
        for way in WAYS:
            self.note(f'{title} {way} worst', worst(found[way]))
        columns = [title, reference.SHORT, 'own', 'beside', 'raw', 'persistent', 'beside', 'raw']
        if not title.endswith('hello'):
            columns, rows = without(columns, rows, 'raw')
        print(table.render(columns, rows), end='\n\n', flush=True)

    def hosted(self, name):
        """The application under uvicorn or gunicorn."""
        hosted.check()
        other = hosted.OTHERS[name][0]

        def start(stack):
            started = [
                (who, stack.enter_context(process))
                for who, process in hosted.servers(name, self.libs)
            ]
            return [cpu.Lane(who, way, process) for who, process in started for way in WAYS]

        rounds = self.rounds(start, hosted.STEPS)
        rows = []
        for way in WAYS:
            ratios = []
            for step in rounds[0]:
                whos = [OURS, other, *list(self.libs)[1:]]
                beside = [cpu.ratio(rounds, step, (who, way), (other, way)) for who in whos]
                times = [cpu.microseconds(rounds, step, (who, way)) for who in whos]
                rows.append([step, way, times[1], times[0], beside[0], *times[2:], *beside[2:]])
                ratios.append(beside[0])
                self.note(f'{name} {way} {step}', beside[0])
            self.note(f'{name} {way} worst', worst(ratios))
        columns = [name, '', other, OURS, 'beside']
        columns += [reference.SHORT, 'beside'] if len(self.libs) > 1 else []
        print(table.render(columns, rows), end='\n\n', flush=True)

    def rp2040(self):
        """Cycles on the emulated board."""
        for name in BOARD:
            found = {}
            for who, lib in self.libs.items():
                folder = self.made / name / who
                folder.mkdir(parents=True)
                with board.board(lib, folder, name.removeprefix('rp2040-')) as running:
                    for profile in ON_BOARD:
                        for way in WAYS if who == OURS else WAYS[:1]:
                            found[profile, who, way] = board.cycles(
                                running, profile, steps.PROFILES[profile], way == 'own'
                            )
            for profile in ON_BOARD:
                self.show_cycles(f'{name} {profile}', profile, found)

    def show_cycles(self, title, profile, found):
        base = found.get((profile, reference.NAME, 'own'), {})
        rows, ratios = [], {way: [] for way in WAYS}
        for step in found[profile, OURS, 'own']:
            row = [step, base.get(step) and round(base[step] / 1e6, 2)]
            for way in WAYS:
                cycles = found[profile, OURS, way][step]
                beside = round(cycles / base[step], 2) if base else None
                row += [round(cycles / 1e6, 2), beside]
                ratios[way].append(beside)
                self.note(f'{title} {way} {step}', beside)
            rows.append(row)
        for way in WAYS:
            self.note(f'{title} {way} worst', worst(ratios[way]))
        columns = [title, reference.SHORT, 'own', 'beside', 'persistent', 'beside']
        print('Millions of cycles')
        print(table.render(columns, rows), end='\n\n', flush=True)

    def note(self, name, figure):
        if figure is not None:
            self.figures[name] = figure

    def run(self, runtime):
        if runtime in OWN:
            self.own(runtime)
        elif runtime in hosted.COMMANDS:
            self.hosted(runtime)
        else:
            self.rp2040()


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--turns', type=int, default=8, help='in a round (default 8)')
    parser.add_argument('--heap', default=HEAP, help=f"of MicroPython's unix port ({HEAP})")
    parser.add_argument('--runtime', action='append', choices=RUNTIMES)
    parser.add_argument('--lib', default=runtimes.LIB, type=pathlib.Path, metavar='FOLDER')
    parser.add_argument('--reference', action='store_true')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--json', metavar='FILE')
    options = parser.parse_args()
    if options.rounds < 1 or options.turns < 1:
        parser.error('--rounds and --turns want 1 or more')
    if options.quick:
        options.rounds, options.reference = 1, True
        options.runtime = options.runtime or list(OWN)
    return options


def main():
    options = parse_arguments()
    cpu.pin()
    try:
        libs = {OURS: options.lib.resolve()}
        if options.reference:
            libs[reference.NAME] = reference.install()
        print(
            f'CPU of a request in us: {runtimes.micropython_name()}, heap {options.heap};', end=' '
        )
        print(f'CPython {platform.python_version()}', end='\n\n')
        with tempfile.TemporaryDirectory() as made:
            bench = Bench(options, libs, pathlib.Path(made))
            for runtime in options.runtime or RUNTIMES:
                bench.run(runtime)
    except (server.Missing, server.ServerError, steps.StepError, Failure) as error:
        sys.exit(f'bench: {error}')
    rows = list(targets.rows(targets.TIME, bench.figures, {}))
    if rows:
        print('What is wanted of it, times the reference if no other is named')
        rows = [row[:2] + row[3:] for row in rows]
        print(table.render(['', OURS, 'wanted', 'beyond', 'reached'], rows))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(bench.figures, indent=2))


if __name__ == '__main__':
    main()
