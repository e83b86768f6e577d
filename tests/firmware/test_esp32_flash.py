"""`make flash` for a board with an ESP32: real esptool, and a stand-in of the chip.

The stand-in, on a pseudo-terminal, answers as the boot loader in the chip's ROM does, and keeps
what is written.
"""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import types
from pathlib import Path

import esp32s
import esptool
import pytest
from esp_pylib import serial_reset
from mounting import micropython
from serial.tools import list_ports_common

import building
from microdot_kit import boards, device, espimage, runtimes
from microdot_kit import flash_esp32 as tool
from microdot_kit import image as composer
from microdot_kit.steps import Failure

ROOT = building.ROOT
SECONDS = 120


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('chips')


@pytest.fixture(scope='module')
def chip(folder):
    with esp32s.Chip(folder) as chip:
        yield chip


@pytest.fixture(scope='module')
def composed(folder):
    """An image with ROMFS and a file system, as `make image` makes it of a MicroPython that can."""
    app = folder / 'app'
    app.mkdir()
    (app / 'main.py').write_text('import helper\n')
    (app / 'helper.py').write_text('answer = 42\n')
    data = esp32s.altered(esp32s.base().read_bytes(), esp32s.WITH_ROMFS)
    made, _, _ = composer.compose(espimage.Image('base', data), str(app))
    path = folder / 'composed.bin'
    path.write_bytes(made)
    return path


def flash(*arguments, board='esp32'):
    command = runtimes.kit_command('flash', board, *arguments)
    ended = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    return ended.returncode, ended.stdout, ended.stderr


def refused(*arguments, board='esp32'):
    """The one line that an attempt ends with."""
    status, _, error = flash(*arguments, board=board)
    assert status == 1, error
    (line,) = error.splitlines()
    return line


def test_what_is_flashed_is_what_micropython_mounts(chip, composed, tmp_path):
    image = espimage.read(composed)
    status, printed, error = flash('--image', composed, '--port', chip.port)
    assert status == 0, error
    steps = ['Erasing the flash', f'Writing {len(image.data):,} bytes at 0x1000', 'Comparing']
    lines = printed.splitlines()
    assert [line for line in lines if line in steps] == steps
    assert '  100 %' in lines
    assert lines[-1].startswith('Flashed.')
    there = chip.read(0, 0x400000)
    assert there[0x1000 : image.end] == image.data
    assert set(there[:0x1000] + there[image.end :]) == {0xFF}
    parts = {}
    for name in ('vfs', 'romfs'):
        entry = espimage.read_table(there[0x8000:0x8C00], 'flash')[name]
        parts[name] = there[entry.offset : entry.offset + entry.size]
    file, names, kept, answer = micropython(tmp_path, parts)
    assert file == '/rom/lib/microdot/__init__.mpy'
    assert names == "['boot.py', 'helper.mpy', 'main.py']"
    assert kept == 'kept 448 448'
    assert answer == '42'


def test_files_stay_if_the_partitions_do(folder):
    """A new firmware over an old one: what the image does not cover is left alone."""
    with esp32s.Chip(folder, 'esp32') as chip:
        stock = esp32s.base()
        assert flash('--image', stock, '--port', chip.port)[0] == 0
        with tool.connected(chip.port) as loader:
            stub = esptool.cmds.run_stub(loader)
            esptool.cmds.attach_flash(stub)
            esptool.cmds.write_flash(stub, [(0x200000, b'a file'.ljust(4096))])
        status, printed, error = flash('--image', stock, '--port', chip.port)
        assert status == 0, error
        assert 'The partitions are as they were' in printed
        assert 'Erasing' not in printed
        assert chip.read(0x200000, 6) == b'a file'


def test_a_flipped_bit_is_found(chip, composed):
    """The flash has one bit another than the image: what a worn cell or a bad cable leaves."""
    image = espimage.read(composed)
    data = bytearray(image.data)
    data[0x20123] ^= 0x10
    with tool.connected(chip.port) as loader:
        stub = esptool.cmds.run_stub(loader)
        esptool.cmds.attach_flash(stub)
        esptool.cmds.write_flash(stub, [(image.offset, bytes(data))])
        with pytest.raises(Failure, match='has not what was written: flash it again'):
            tool.verify(stub, image)
        sector = image.data[0x20000:0x21000]
        esptool.cmds.write_flash(stub, [(image.offset + 0x20000, sector)])
        tool.verify(stub, image)


def damaged(folder, data):
    path = folder / 'damaged.bin'
    path.write_bytes(data)
    return path


def test_another_chip(folder):
    """The image is for the board, the chip on the port is another: before anything is erased."""
    with esp32s.Chip(folder, 'esp32s3') as other:
        before = other.read(0, 0x1000)
        line = refused('--image', esp32s.base(), '--port', other.port)
        assert line.startswith('The chip is an ESP32-S3, ESP32_GENERIC-20240602-v1.23.0.bin is for')
        assert 'nothing was written. Is BOARD=esp32 right?' in line
        assert other.read(0, 0x1000) == before


def test_a_flash_too_small(folder):
    """An image for 8 MiB; the stand-in has 4."""
    data = esp32s.altered(esp32s.base().read_bytes(), chip='ESP32-S3', mib=8)
    image = espimage.Image('base', data)
    image.table['vfs'].size = 0x600000
    table = espimage.table_bytes(image.table)
    path = damaged(folder, data[:0x8000] + table + data[0x8000 + len(table) :])
    with esp32s.Chip(folder, 'esp32s3') as chip:
        line = refused('--image', path, '--port', chip.port, board='esp32s3')
        assert 'needs 8,192 KB of flash, the board has 4,096 KB: nothing was written' in line
        assert set(chip.read(0x8000, 0x1000)) == {0xFF}


def overlong(data):
    """An image that ends behind what its boot loader takes for the end of the flash."""
    return data.ljust(0x400000, b'\xff')


# What is done to the image, the board, and the line. No port is named: it does not come to that.
IMAGES = {
    'flipped bit': (lambda data: data[:99_999] + b'!' + data[100_000:], 'esp32', 'is damaged'),
    'wrong offset': (lambda data: data[0x1000:], 'esp32', 'not an image of an ESP32 chip'),
    'firmware alone': (lambda data: data[0xF000:], 'esp32', 'not the whole image of a flash'),
    'for another board': (lambda data: data, 'esp32c3', 'is for ESP32, esp32c3 has ESP32-C3'),
    'too large': (overlong, 'esp32', 'its boot loader expects a flash of 4,096 KB'),
    'empty': (lambda data: b'', 'esp32', 'not an image of an ESP32 chip'),
}


@pytest.mark.parametrize('case', IMAGES)
def test_an_image_that_is_not_written(case, tmp_path):
    change, board, expected = IMAGES[case]
    path = damaged(tmp_path, change(esp32s.base().read_bytes()))
    assert expected in refused('--image', path, board=board)


def test_no_image(tmp_path):
    assert 'nowhere.bin: No such file' in refused('--image', tmp_path / 'nowhere.bin')
    if not (ROOT / 'build' / 'firmware' / 'esp32c3').exists():
        line = refused(board='esp32c3')
        assert line.startswith('No firmware yet: make firmware BOARD=esp32c3')


def test_no_port_of_that_name(tmp_path):
    line = refused('--image', esp32s.base(), '--port', tmp_path / 'ttyUSB7')
    assert 'ttyUSB7: no such port' in line


def test_a_port_that_is_busy(chip):
    import serial

    with serial.Serial(chip.port, exclusive=True):
        line = refused('--image', esp32s.base(), '--port', chip.port)
    assert line == f'{chip.port} is busy: another program has it open, such as a serial monitor'


def test_a_port_where_nothing_answers():
    ends = pty.openpty()
    try:
        line = refused('--image', esp32s.base(), '--port', os.ttyname(ends[1]))
    finally:
        for end in ends:
            os.close(end)
    assert 'does not answer: hold its BOOT button' in line
    assert line.endswith('Nothing was written')


def ports(monkeypatch, *names):
    found = [list_ports_common.ListPortInfo(name) for name in names]
    for port in found:
        port.vid, port.pid = 0x10C4, 0xEA60
    monkeypatch.setattr(device.list_ports, 'comports', lambda: found)
    return types.SimpleNamespace(board='esp32', image=esp32s.base(), port='')


def test_the_only_port_is_found(chip, monkeypatch, capsys):
    chosen = ports(monkeypatch, chip.port)
    tool.flash(chosen, boards.find('esp32'))
    assert f' on {chip.port}' in capsys.readouterr().out


def test_no_port_and_two_ports(monkeypatch):
    with pytest.raises(Failure, match='No board found'):
        tool.flash(ports(monkeypatch), boards.find('esp32'))
    with pytest.raises(Failure, match='Several boards found: /dev/a .* Choose with PORT=/dev/a'):
        tool.flash(ports(monkeypatch, '/dev/a', '/dev/b'), boards.find('esp32'))


class Lines:
    """A port whose chip leaves for its boot loader as MicroPython's usbd_cdc does, from 1.24 on."""

    def __init__(self, leave):
        self.leave = leave
        self.state = (True, True)  # as a port is opened

    def __call__(self, port):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def fileno(self):
        return -1

    def ioctl(self, number, request, data):
        """What the driver of a USB port does: one message to the chip for both lines."""
        if number != self.fileno():
            return fcntl.ioctl(number, request, data)
        if request == termios.TIOCMSET:
            (lines,) = struct.unpack('I', data)
            state = bool(lines & termios.TIOCM_DTR), bool(lines & termios.TIOCM_RTS)
            if state == (True, False) and self.state == (False, True):
                self.leave()
            self.state = state
        return struct.pack(
            'I', termios.TIOCM_DTR * self.state[0] | termios.TIOCM_RTS * self.state[1]
        )

    def setDTR(self, on):  # noqa: N802
        self.state = on, self.state[1]


@pytest.fixture
def native(monkeypatch):
    """The ports that the system has, a chip with native USB among them, and that chip's lines."""
    found = [list_ports_common.ListPortInfo(name) for name in ('/dev/ttyACM0', '/dev/ttyACM5')]
    for port, product in zip(found, (0x4001, 0x1001)):
        port.vid, port.pid = 0x303A, product
    monkeypatch.setattr(device.list_ports, 'comports', lambda: list(found))
    monkeypatch.setattr(tool, 'LOOK', 0.01)

    def set_lines(leave):
        lines = Lines(leave)
        monkeypatch.setattr(tool, 'Serial', lines)
        monkeypatch.setattr(serial_reset, 'fcntl', lines)

    return found, set_lines


def test_a_chip_with_native_usb_comes_back_as_another_device(native, chip, monkeypatch):
    found, set_lines = native
    left = []

    def leave():
        left.append(found.pop(0))
        threading.Timer(0.1, appear).start()

    def appear():
        new = list_ports_common.ListPortInfo(chip.port)
        new.vid, new.pid = 0x303A, 0x1001
        found.append(new)

    set_lines(leave)
    monkeypatch.setattr(tool, 'check_port', lambda port: None)
    # esptool takes one for a process, and has it.
    monkeypatch.setattr(tool, 'Progress', lambda: types.SimpleNamespace(resets=True))
    chosen = types.SimpleNamespace(board='esp32', image=esp32s.base(), port='/dev/ttyACM0')
    tool.flash(chosen, boards.find('esp32'))
    assert len(left) == 1
    # A chip that is in its boot loader already, and an adapter, are left where they are.
    assert tool.boot_port('/dev/ttyACM5') == '/dev/ttyACM5'
    assert tool.boot_port(chip.port) == chip.port


def test_a_chip_with_native_usb_that_does_not_come_back(native, monkeypatch):
    _, set_lines = native
    set_lines(lambda: None)
    monkeypatch.setattr(tool, 'ANEW_SECONDS', 0.1)
    with pytest.raises(Failure, match='has not come back in its boot loader: hold its BOOT button'):
        tool.boot_port('/dev/ttyACM0')


def test_a_flash_larger_than_the_image_needs(monkeypatch, capsys):
    monkeypatch.setattr(esptool.cmds, 'detect_flash_size', lambda chip: '16MB')
    tool.check_size(None, espimage.read(esp32s.base()))
    assert 'make image FLASH=16MB would use all of it' in capsys.readouterr().out
    monkeypatch.setattr(esptool.cmds, 'detect_flash_size', lambda chip: '4MB')
    tool.check_size(None, espimage.read(esp32s.base()))
    assert not capsys.readouterr().out


# What happens once a third has been written, and how the line begins.
MISHAPS = {
    'unplugged': (lambda chip, process: chip.end(), 'The board on '),
    'interrupted': (lambda chip, process: process.send_signal(signal.SIGINT), 'Interrupted. '),
}


@pytest.mark.parametrize('mishap', MISHAPS)
def test_a_mishap_in_mid_write(mishap, folder):
    happen, beginning = MISHAPS[mishap]
    with esp32s.Chip(folder) as chip:
        command = runtimes.kit_command('flash', 'esp32')
        command += ['--image', esp32s.base(), '--port', chip.port]
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        watch = threading.Timer(SECONDS, process.kill)
        watch.start()
        happened = False
        with process:
            for line in process.stdout:
                if line.strip().startswith('3') and not happened:  # 30 %, or a little more
                    happen(chip, process)
                    happened = True
            error = process.stderr.read()
        watch.cancel()
        assert happened
        assert process.returncode == 1, error
    (line,) = error.splitlines()
    assert line.startswith(beginning)
    assert line.endswith(tool.PART)
    assert mishap != 'unplugged' or 'has gone or stopped answering' in line


def test_make_flash_installs_esptool():
    """The target brings what the boards with an ESP32 need, and only for those."""
    for board, needed in {'esp32': True, 'rpi_pico': False}.items():
        ended = subprocess.run(
            ['make', '-n', '-W', 'tools/requirements/esp32.txt', 'flash', f'BOARD={board}'],
            cwd=ROOT,
            env=building.steps.environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert ended.returncode == 0, ended.stderr
        assert ('tools/install.py esp32' in ended.stdout) == needed
        assert f"tools/microdot_kit flash '{board}'" in ended.stdout


def test_the_port_is_free_afterwards(chip):
    with tool.connected(chip.port) as loader:
        assert loader.CHIP_NAME == 'ESP32'
    tool.check_port(chip.port)
    assert Path(chip.port).exists()
