"""An emulated Pico W is set up over its USB console by Improv, with the real driver and console."""

import json
import re
import time

import board as boards
import pico_w
import pytest
import serial
from test_device_wifi import HOME, MAIN, Board

HEAP = b"""
import gc, startup

async def heap():
    while True:
        gc.collect()
        print('heap', gc.mem_alloc(), 'listens' if startup.console else 'done')
        await asyncio.sleep(1)
"""
INFO, STATE, SCAN = b'\3\0', b'\2\0', b'\4\0'
COMMAND, FAILED = 3, b'\2\1\xff'


def frame(command):
    data = b'IMPROV\1\3' + bytes((len(command),)) + command
    return data + bytes((sum(data) & 255, 10))


def joining(ssid, password):
    data = b''.join(bytes((len(text),)) + text.encode() for text in (ssid, password))
    return b'\1' + bytes((len(data),)) + data


class Listening(Board):
    main = MAIN.replace(b'async def main():', HEAP + b'\nasync def main():').replace(
        b'create_task(watch())', b'create_task(heap())'
    )

    def __enter__(self):
        super().__enter__()
        self.console = serial.serial_for_url(self.emulator.console, timeout=0.2)
        self.seen = b''
        return self

    def __exit__(self, *exc):
        self.console.close()
        super().__exit__(*exc)

    def shown(self, pattern, end=None):
        """The match of a pattern in what comes on the console, from now on."""
        end = time.monotonic() + boards.ANSWER
        while True:
            found = re.search(pattern, self.seen, re.S)
            if found:
                self.seen = self.seen[found.end() :]
                return found
            assert time.monotonic() < end and self.emulator.running, self.seen
            self.seen += self.console.read(self.console.in_waiting or 1)

    def ask(self, command, pattern):
        self.console.write(frame(command))
        return self.shown(pattern)

    def heap(self, state):
        return min(int(self.shown(rb'heap (\d+) %s' % state)[1]) for _ in range(3))


def test_info_state_and_a_network(tmp_path):
    with Listening(tmp_path, {}, HOME) as board:
        board.heap(b'listens')
        said = board.ask(INFO, rb'\nIMPROV\x01\x04(.{2,120}?)\n')[1]
        assert b'\x0cmicrodot-kit' in said and b'\x06RP2040' in said, said
        board.ask(STATE, rb'\nIMPROV\x01\x01\x01\x02\xe2\n')
        board.ask(SCAN, rb'\nIMPROV\x01\x04.\x04.\x04home.*\nIMPROV\x01\x04\x02\x04\0')
        board.ask(joining('home', 'mistyped-of-home'), rb'\nIMPROV\x01\x02\x01\x03')
        wanted = b'\nIMPROV\1\4\x13\1\x11\x10http://10.0.2.15'
        board.ask(joining('home', HOME['password']), re.escape(wanted))
        board.shown(rb'Network: 10.0.2.15 \(microdot-0001.local\)')
        board.heap(b'done')
        board.console.write(b'\x03')
        board.shown(rb'KeyboardInterrupt.*>>> ')
        board.console.write(b"print(open('network.json').read())\r")
        saved = json.loads(board.shown(rb'\n(\{.*?\})\r\n')[1])
        assert saved == {'networks': [], **HOME}


@pytest.mark.parametrize('frozen', [True, False], ids=['frozen', 'files'])
def test_heap(tmp_path, frozen):
    """What it takes while it runs, and what of it stays."""
    with Listening(tmp_path, {'improv': False, **HOME}, HOME, frozen=frozen) as board:
        board.shown(rb'Network: 10.0.2.15')
        without = board.heap(b'done')
    (tmp_path / 'flash.bin').unlink()
    with Listening(tmp_path, {}, HOME, frozen=frozen) as board:
        board.heap(b'listens')
        board.ask(INFO, rb'\nIMPROV\x01\x04(.{2,120}?)\n')
        during = board.heap(b'listens')
        board.ask(joining('home', HOME['password']), rb'http://10.0.2.15')
        after = board.heap(b'done')
    form = 'frozen' if frozen else 'files'
    pico_w.check_heap(f'Improv, {form}', during - without, after - without)


def test_ctrl_c_while_it_listens(tmp_path):
    with Listening(tmp_path, {}, HOME) as board:
        board.heap(b'listens')
        board.console.write(b'\x03')
        board.shown(rb'KeyboardInterrupt.*>>> ')
        board.console.write(b'while True: pass\r\r')
        time.sleep(1)
        board.console.write(b'\x03')
        board.shown(rb'KeyboardInterrupt.*>>> ')
