"""A day of an emulated board: what `make soak BOARD=rpi_pico` calls.

    emulator.soak BOARD [--hours 24] [--requests 5000] [--image FILE]

The firmware serves the applications that are measured elsewhere (tools/measure), with its watchdog
on. The requests, ten in a row, are spread over that much of the board's time; while it sleeps in
between, none of this machine's passes. After each ten a client leaves in the middle of a request.

Each hour it prints the free heap and the largest free block in it, garbage collected. Both have to
stay what they were after the first round of all requests, and no reset may happen.
"""

import argparse
import json
import re
import resource
import shutil
import socket
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from emulator import air as airs
from emulator import files, run
from emulator.machine import Emulator
from measure import steps, table
from microdot_kit import boards, payload, runtimes
from microdot_kit.steps import Failure, say

PROGRAMS = runtimes.ROOT / 'tools' / 'measure' / 'programs'
MODULES = ('basic', 'page', 'live')
MAIN = """
import gc
import micropython
from live import app

@app.get('/heap')
async def heap(request):
    gc.collect()
    micropython.mem_info()
    return str(gc.mem_free())

app.run(port=5000)
"""
WATCHDOG = {'watchdog': 8}
LARGEST = re.compile(r'max free sz: (\d+)')
BLOCK = 16  # bytes, of which `max free sz` is a number
# Four times what takes a moment, once what takes long: files, events, a WebSocket, an upload.
ROUND = (*steps.PAGE_STEPS * 4, *steps.LIVE_STEPS)
ROW = 10  # requests in a row: as many as a page has, at once
HALF = b'POST /upload HTTP/1.1\r\nHost: board\r\nContent-Length: 900\r\n\r\nhalf'
FREE_LOSS = 1500  # bytes that may be lost of the free heap, and
LARGEST_LOSS = 0.1  # that part of the largest block in it
ANSWER = 120  # seconds for what takes a moment on an idle machine
PATIENCE = 600  # ... for what may take minutes: an hour of sleep
COLUMNS = ('hours', 'requests', 'free', 'largest', 'host minutes')


class Soak:
    """A board that serves in the block; `rows` are what it told of itself."""

    def __init__(self, image, board, folder):
        self.folder = folder
        air = airs.read('') if boards.find(board)['network'] == 'Wi-Fi' else None
        flash = folder / 'flash.bin'
        self.emulator = Emulator(image, flash=flash, air=air, on_console=self._print)
        self.printed = ''
        self.rows = []
        self.done = 0
        app = folder / 'app'
        steps.write_files(app)
        for name in MODULES:
            shutil.copy(PROGRAMS / f'{name}.py', app)
        (app / 'main.py').write_text(MAIN)
        contents = payload.app_files(str(app), boards.find(board)['mpy_arch'])
        joins = airs.settings(air) if air else {}
        settings = {**json.loads(joins.get(airs.SETTINGS, '{}')), **WATCHDOG}
        contents[airs.SETTINGS] = json.dumps(settings).encode()
        files.write(self.emulator.flash, board, contents)

    def _print(self, text):
        self.printed += text

    def __enter__(self):
        self.began = time.monotonic()
        self.emulator.start()
        if not self.emulator.serves(ANSWER):
            self.emulator.close()
            raise Failure('The board does not serve:\n' + self.printed)
        return self

    def __exit__(self, *exc):
        self.emulator.close()

    @property
    def seconds(self):
        """Emulated, since the board was switched on."""
        return self.emulator.stats()['nanos'] / 1e9

    @property
    def address(self):
        found = urllib.parse.urlsplit(self.emulator.url)
        return found.hostname, found.port

    def client(self, close):
        host, port = self.address
        return steps.Client(port, close, ANSWER, host)

    def serve(self, count, until):
        """Have it answer so many requests, evenly spread up to that time."""
        began, first = self.seconds, self.done
        while self.done < first + count:
            row = min(ROW, first + count - self.done)
            with self.client(close=self.done // ROW % 2 == 0) as client:
                for _ in range(row):
                    client.do(ROUND[self.done % len(ROUND)])
                    self.done += 1
            with socket.create_connection(self.address, ANSWER) as leaver:
                leaver.sendall(HALF)
                self.rest(began + (until - began) * (self.done - first) / count)

    def rest(self, until):
        """Let the board's time pass, at once where it sleeps."""
        self.emulator.skip(until - self.seconds, PATIENCE)
        if self.emulator.resets:
            raise Failure('The board was reset:\n' + self.printed[-2000:])

    def look(self):
        """Add a row: what is free in its heap."""
        before = len(LARGEST.findall(self.printed))
        with urllib.request.urlopen(self.emulator.url + '/heap', timeout=ANSWER) as answer:
            free = int(answer.read())
        end = time.monotonic() + ANSWER
        while len(LARGEST.findall(self.printed)) == before and time.monotonic() < end:
            time.sleep(0.05)
        largest = int(LARGEST.findall(self.printed)[-1]) * BLOCK
        minutes = round((time.monotonic() - self.began) / 60, 1)
        self.rows.append((round(self.seconds / 3600, 2), self.done, free, largest, minutes))

    def losses(self):
        """A line for each figure that is not what it was after the first round."""
        (*_, free, largest, _), (*_, last_free, last_largest, _) = self.rows[0], self.rows[-1]
        if free - last_free > FREE_LOSS:
            yield f'{free - last_free} bytes of the free heap are gone'
        if last_largest < largest * (1 - LARGEST_LOSS):
            yield f'{largest - last_largest} bytes of its largest free block are gone'


def soak(board, hours, requests, image, tell=print):
    """Run it and return the rows; Failure if a request fails, or the heap is not flat."""
    with tempfile.TemporaryDirectory() as folder, Soak(image, board, Path(folder)) as served:
        served.serve(len(ROUND), served.seconds + hours * 3600 * len(ROUND) / requests)
        served.look()
        began, looks = served.seconds, max(1, round(hours))
        for look in range(1, looks + 1):
            part = (requests - len(ROUND)) * look // looks + len(ROUND) - served.done
            served.serve(part, began + (hours * 3600 - began) * look / looks)
            served.look()
            tell(table.render(COLUMNS, served.rows[-1:]).splitlines()[-1], flush=True)
        lost = '; '.join(served.losses())
    if lost:
        raise Failure(f'The heap is not flat: {lost}\n{table.render(COLUMNS, served.rows)}')
    return served.rows


def cpu_minutes():
    """What this process and those that it has started have taken of the processor."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used) / 60


def options(arguments):
    parser = argparse.ArgumentParser(
        prog='emulator.soak', description='A day of an emulated board.'
    )
    parser.add_argument('board')
    parser.add_argument('--hours', type=float, default=24, help='of the board')
    parser.add_argument('--requests', type=int, default=5000)
    parser.add_argument('--image', help='another UF2 file than the firmware of the board')
    parser.add_argument('--micropython', default='', help='a checkout to build the firmware of')
    return parser.parse_args(arguments)


def main(arguments):
    chosen = options(arguments)
    try:
        rows = soak(chosen.board, chosen.hours, chosen.requests, run.firmware(chosen))
        print(table.render(COLUMNS, rows))
        print(f'{cpu_minutes():.1f} minutes of CPU')
    except (Failure, steps.StepError) as failure:
        say(str(failure))
        return 1
    except KeyboardInterrupt:
        print('\nStopped.')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
