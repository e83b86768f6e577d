"""Heap figures of a serving process on the MicroPython unix port (a 64-bit program).

Bytes for a request: `programs/alloc.py` serves with the collector switched off, so that
`gc.mem_alloc()` only grows. It is read before and after a number of requests that another process
makes, and a reading's own cost, two readings with nothing between them, is taken off. So the
figure holds everything that accepting, parsing, handling, answering and closing allocate on the
server's side, the event loop included, and nothing of the client. The raw server is read the
same way.

Smallest heap: bisection of `-X heapsize` in steps of 1 KiB, a fresh process each time, until the
smallest is found in which a number of requests are all answered `200 OK` three times in a row."""

import time

import runtimes

from . import load, server

REQUESTS = 200
_ROOMY = '64M'  # a heap that holds everything the requests allocate
_SETTLE = 0.05  # seconds for the server to finish with the last connection
_REPEATS = 3
_HUNG = 3  # seconds without a byte from a server that is short of memory


def bytes_per_request(lib, program, mode, requests=REQUESTS):
    """Bytes that serving one request allocates; `program` is 'hello' or 'raw'."""
    script = str(server.PROGRAMS / 'alloc.py')
    command = [*runtimes.micropython_command(_ROOMY), script, program, '{port}', mode]
    with server.Server(command, lib, control=True) as process:
        try:
            load.MODES[mode](process.port, 5)
            time.sleep(_SETTLE)
            readings = [int(process.ask()), int(process.ask())]
            load.MODES[mode](process.port, requests)
            time.sleep(_SETTLE)
            readings.append(int(process.ask()))
        except (load.LoadError, ValueError) as error:
            raise server.ServerError(f'{program}, {mode}: {error}\n{process.output()}') from error
    if readings != sorted(readings):
        raise server.ServerError(f'{program} collected garbage by itself: {readings}')
    reading = readings[1] - readings[0]
    return round((readings[2] - readings[1] - reading) / requests)


def serve(folder, heap_kib, mode, source, requests=REQUESTS):
    """Have a hello server with that heap answer requests; raises ServerError if one of them is
    not answered by 200 OK and the expected body.

    `source` is 'py' (`folder` holds the package as .py) or 'mpy' (`folder` holds the package and
    the program as .mpy and no .py at all)."""
    program = ['-m', 'hello'] if source == 'mpy' else [str(server.PROGRAMS / 'hello.py')]
    command = [*runtimes.micropython_command(f'{heap_kib}K'), *program, '{port}']
    # Paths take heap too: relative ones are as short as a board's.
    where = {'path': '.', 'cwd': folder} if source == 'mpy' else {'path': folder}
    with server.Server(command, **where) as process:
        try:
            load.MODES[mode](process.port, requests, deadline=_HUNG)
        except load.LoadError as error:
            raise server.ServerError(f'{error}\n{process.output()}') from error


def smallest_heap(folder, mode, source, lowest=8, highest=512):
    """Smallest heap in KiB that serves, or None if not even `highest` KiB do."""

    def good(kib):
        try:
            serve(folder, kib, mode, source)
        except server.ServerError:
            return False
        return True

    if not good(highest):
        return None
    while highest - lowest > 1:
        middle = (lowest + highest) // 2
        if good(middle):
            highest = middle
        else:
            lowest = middle
    while not all(good(highest) for _ in range(_REPEATS)):
        highest += 1
    return highest
