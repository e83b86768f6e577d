"""CPU time per request, ours against a raw asyncio streams server (`make bench`).

Both servers run as processes of their own, on CPython and on MicroPython (192 KB heap, `.py`
sources), and are loaded by this process with one request at a time: `closing` with a new
connection for each request, `persistent` over one connection a turn. They take short turns
(A B A B ...) so that what else the machine does meets both. What is counted is the user and
system time of the server process between the end of its warm-up and the last response: starting,
importing and the client cost nothing here. Servers and client share one processor: waking a
process on another one costs more than a raw request, and a different amount each time
(`--no-pin` leaves it to the scheduler).

With `--runtime uvicorn` both run under uvicorn: an application of `microdot.asgi` against one that
speaks bare ASGI (`make .venv/stamps/test` installs uvicorn).

A round starts fresh processes. The ratio of a round is the median of its turns, neighbor against
neighbor; the table shows the median of the rounds and the lowest and highest of them.

    bench.py --rounds 9 --runtime micropython
    bench.py --reference
    bench.py --other 'other={python} other_server.py {port}'

`--reference` compares Microdot itself, installed beside the project: it serves the same file.
`--other` compares one more server: a command without a shell, `{port}`, `{python}` and
`{micropython}` replaced. It is set against the raw server of the runtime it names."""

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import shlex
import statistics
import sys

import runtimes
from measure import load, reference, server, table

TARGETS = {  # highest CPU time per request allowed, as a multiple of the raw server's
    ('micropython', 'closing'): 1.8,
    ('micropython', 'persistent'): 2.5,
    ('cpython', 'closing'): 1.3,
    ('cpython', 'persistent'): 2.3,
}
RUNTIMES = ('cpython', 'micropython', 'uvicorn')
BOTH = RUNTIMES[:2]
WARM_UP = 100  # requests before the clock is read
TURN = 200  # requests before the other server has its turn


class Contender:
    """A server that takes part: its name, the runtime it belongs to and its command.

    `lib` is the folder with its package, if that is not the one that is measured, `modes` what it
    can do.
    """

    def __init__(self, name, runtime_name, command, expected=load.HELLO, lib=None, modes=None):
        self.lib = lib
        self.modes = modes or load.MODES
        self.name = name
        self.runtime = runtime_name
        self.expected = expected
        self._command = command

    def server(self, mode, lib):
        """A fresh process that is not started yet."""
        command = [part.replace('{mode}', mode) for part in self._command]
        return server.Server(command, self.lib or lib)

    def cost(self, process, mode, requests):
        """CPU seconds per request; None if an `--other` server cannot do this mode."""
        if mode not in self.modes:
            return None
        try:
            before = process.cpu_seconds()
            load.MODES[mode](process.port, requests, self.expected)
            return (process.cpu_seconds() - before) / requests
        except load.LoadError as error:
            text = f'{self.name} on {self.runtime}, {mode}: {error}\n{process.output()}'
            if self.expected is not None:
                raise server.ServerError(text) from error
            print(text, file=sys.stderr)
            return None


def builtin_contenders(runtime_name):
    """The raw server and ours on one runtime."""
    if runtime_name == 'uvicorn':
        return [asgi_contender('raw', 'asgi_raw:app'), asgi_contender('ours', 'asgi_hello:app')]
    return [
        Contender('raw', runtime_name, [*program(runtime_name, 'raw.py'), '{mode}']),
        Contender('ours', runtime_name, program(runtime_name, 'hello.py')),
    ]


def program(runtime_name, file):
    """The command that runs a measured program."""
    start = [sys.executable] if runtime_name == 'cpython' else runtimes.micropython_command()
    return [*start, str(server.PROGRAMS / file), '{port}']


def reference_contender(runtime_name):
    """Microdot itself, which closes each connection."""
    command, lib = program(runtime_name, 'hello.py'), reference.install()
    name = f'microdot {reference.VERSION}'
    return Contender(name, runtime_name, command, lib=lib, modes=('closing',))


def asgi_contender(name, app):
    """An application that uvicorn serves."""
    if importlib.util.find_spec('uvicorn') is None:
        raise server.Missing('uvicorn is missing: `make .venv/stamps/test` installs it')
    command = [sys.executable, '-m', 'uvicorn', '--log-level=error', '--no-access-log']
    command += ['--port={port}', '--app-dir', str(server.PROGRAMS), app]
    return Contender(name, 'uvicorn', command)


def other_contender(option):
    """The contender that `--other NAME=COMMAND` describes."""
    name, found, command = option.partition('=')
    if not found or '{port}' not in command or name in ('raw', 'ours'):
        raise SystemExit(f'--other wants NAME=COMMAND with {{port}} in it, not {option!r}')
    runtime_name = 'micropython' if '{micropython}' in command else 'cpython'
    parts = shlex.split(command)
    parts = [part.replace('{python}', sys.executable) for part in parts]
    if runtime_name == 'micropython':
        parts = [part.replace('{micropython}', runtimes.micropython()) for part in parts]
    return Contender(name, runtime_name, parts, expected=None)


def measure_round(contenders, mode, requests, lib):
    """{name: [seconds per request, one a turn]} of contenders on one runtime; None for a server
    that cannot do the mode. All are started, then take turns of at most TURN requests."""
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(item.server(mode, lib)) for item in contenders]
        times = {}
        for item, process in zip(contenders, processes, strict=True):
            times[item.name] = None if item.cost(process, mode, WARM_UP) is None else []
        for start in range(0, requests, TURN):
            for item, process in zip(contenders, processes, strict=True):
                if times[item.name] is not None:
                    cost = item.cost(process, mode, min(TURN, requests - start))
                    times[item.name].append(cost)
                    if cost is None:
                        times[item.name] = None
    return times


def measure(contenders, requests, rounds, lib, progress=lambda text: None):
    """{(runtime, mode): [the result of measure_round, one a round]}."""
    times = {}
    for number in range(rounds):
        for runtime_name in RUNTIMES:
            group = [item for item in contenders if item.runtime == runtime_name]
            for mode in load.MODES if group else ():
                progress(f'round {number + 1} of {rounds}: {runtime_name} {mode}')
                result = measure_round(group, mode, requests, lib)
                times.setdefault((runtime_name, mode), []).append(result)
    return times


def summarize(times):
    """One dictionary a row: microseconds per request, ratio to raw, target, verdict."""
    rows = []
    for (runtime_name, mode), rounds in sorted(times.items()):
        for name in rounds[0]:
            if name != 'raw':
                row = {'runtime': runtime_name, 'mode': mode, 'server': name}
                target = TARGETS.get((runtime_name, mode)) if name == 'ours' else None
                row.update(compare(rounds, name), target=target)
                row['verdict'] = table.verdict(row['ratio'], target)
                rows.append(row)
    return rows


def compare(rounds, name):
    """One server against the raw one: medians of the rounds, and the lowest and highest ratio."""
    median = statistics.median
    raw = median(median(result['raw']) for result in rounds)
    if any(result[name] is None for result in rounds):
        return dict.fromkeys(('us', 'ratio', 'lowest', 'highest'), None) | {
            'raw_us': round(raw * 1e6, 1)
        }
    own = median(median(result[name]) for result in rounds)
    ratios = [
        median(mine / base for mine, base in zip(result[name], result['raw'], strict=True))
        for result in rounds
    ]
    return {
        'us': round(own * 1e6, 1),
        'raw_us': round(raw * 1e6, 1),
        'ratio': round(median(ratios), 2),
        'lowest': round(min(ratios), 2),
        'highest': round(max(ratios), 2),
    }


def render(rows):
    """The rows as text."""
    columns = ['runtime', 'mode', 'server', 'CPU us/request', 'raw', 'ratio', 'from', 'to']
    keys = ['runtime', 'mode', 'server', 'us', 'raw_us', 'ratio', 'lowest', 'highest']
    cells = [[row[key] for key in keys] + [row['target'], row['verdict']] for row in rows]
    return table.render([*columns, 'target', ''], cells)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--requests', type=int, default=2000, help='per round (default 2000)')
    parser.add_argument('--rounds', type=int, default=5, help='default 5')
    parser.add_argument('--runtime', choices=[*RUNTIMES, 'both'], default='both')
    parser.add_argument('--reference', action='store_true', help='compare Microdot itself too')
    parser.add_argument('--other', action='append', default=[], metavar='NAME=COMMAND')
    parser.add_argument('--json', metavar='FILE', help='write the figures there too')
    parser.add_argument('--check', action='store_true', help='fail if a target is missed')
    parser.add_argument('--no-pin', action='store_true', help='let processes use all processors')
    parser.add_argument('--lib', default=str(runtimes.LIB), help='folder that holds microdot/')
    options = parser.parse_args()
    if options.requests < 1 or options.rounds < 1:
        parser.error('--requests and --rounds want 1 or more')
    return options


def prepare(options):
    """The contenders that the options ask for, and the versions they run on."""
    names = BOTH if options.runtime == 'both' else (options.runtime,)
    versions = []
    if names[0] != 'micropython':
        versions.append(f'CPython {platform.python_version()}')
    if 'micropython' in names:
        versions.append(runtimes.micropython_name())
    contenders = [item for name in names for item in builtin_contenders(name)]
    if options.reference:
        contenders += [reference_contender(name) for name in names if name in BOTH]
    contenders += [other_contender(option) for option in options.other]
    return [item for item in contenders if item.runtime in names], versions


def pin():
    """Keep this process and the servers it starts on one processor, where the system can."""
    if hasattr(os, 'sched_setaffinity'):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def show_progress(text):
    """Progress on one line of a terminal; nothing but messages into a file."""
    if sys.stderr.isatty():
        sys.stderr.write(f'\r\x1b[K{text}')
        sys.stderr.flush()
    elif text.endswith('\n'):
        sys.stderr.write(text)


def main():
    options = parse_arguments()
    if not options.no_pin:
        pin()
    try:
        contenders, versions = prepare(options)
        times = measure(contenders, options.requests, options.rounds, options.lib, show_progress)
    except (server.Missing, server.ServerError) as error:
        sys.exit(f'bench: {error}')
    finally:
        show_progress('')
    rows = summarize(times)
    print(f'{options.rounds} rounds of {options.requests} requests, median;', ', '.join(versions))
    print(render(rows))
    if options.json:
        with open(options.json, 'w') as file:
            settings = {'requests': options.requests, 'rounds': options.rounds}
            json.dump({**settings, 'versions': versions, 'results': rows}, file, indent=2)
    if options.check and any(row['verdict'] == 'over' for row in rows):
        sys.exit(1)


if __name__ == '__main__':
    main()
