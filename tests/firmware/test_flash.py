"""`make flash`: folders stand in for the drives of boot loaders, and a thread for the loader."""

import errno
import os
import struct
import subprocess
import threading
import types

import pytest
from ptyboard import Board
from serial.tools.list_ports_common import ListPortInfo

import building
from microdot_kit import device as devices
from microdot_kit import flash as tool
from microdot_kit import runtimes

RP2040 = 0xE48BFF56
RP2350 = 0xE48BFF59
INFO = 'UF2 Bootloader v3.0\nModel: Raspberry Pi {}\nBoard-ID: {}\n'
PAYLOAD = bytes(range(256)) + bytes(220)
DEADLINE = 60


def uf2(*families, blocks=300, base=0x10000000):
    """A UF2 image with so many blocks for each of the families."""
    made = b''
    for family in families:
        for number in range(blocks):
            address = base + 256 * number
            head = (*tool.MAGIC, tool.HAS_FAMILY, address, 256, number, blocks, family)
            made += struct.pack('<8I', *head) + PAYLOAD + struct.pack('<I', tool.MAGIC_END)
    return made


@pytest.fixture
def image(tmp_path):
    path = tmp_path / 'firmware.uf2'
    path.write_bytes(uf2(RP2040))
    return path


@pytest.fixture
def roots(tmp_path):
    folder = tmp_path / 'media'
    folder.mkdir()
    return folder


def drive(roots, name='RPI-RP2', chip='RP2'):
    folder = roots / name.lower()
    folder.mkdir()
    (folder / tool.INFO).write_text(INFO.format(chip, name))
    return folder


class BootLoader(threading.Thread):
    """Takes an image like a boot loader: its drive goes once all of the image is there."""

    def __init__(self, folder, size):
        super().__init__(daemon=True)
        self.folder = folder
        self.size = size
        self.taken = None
        self.ended = threading.Event()

    def run(self):
        target = self.folder / 'firmware.uf2'
        while not self.ended.wait(0.02):
            if target.exists() and target.stat().st_size == self.size:
                self.taken = target.read_bytes()
                (self.folder / tool.INFO).unlink()
                return

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.ended.set()
        self.join(DEADLINE)


@pytest.fixture(autouse=True)
def nothing_plugged_in(monkeypatch):
    """No serial ports and picotool but those of a test; no long waits for what is absent."""
    monkeypatch.setattr(devices.list_ports, 'comports', lambda: [])
    monkeypatch.setattr(tool, 'RESTART_SECONDS', 2)
    monkeypatch.setattr(tool, 'DRIVE_SECONDS', 2)
    monkeypatch.setattr(tool.shutil, 'which', lambda name: None)


@pytest.fixture
def flash(capsys, roots):
    """Run the tool in this process; return its exit status and what it printed, errors last."""

    def run(board, *arguments, drives=True):
        places = ['--roots', str(roots)] if drives else []
        chosen = tool.options([board, *places, *map(str, arguments)])
        status = devices.exit_status(tool.flash, chosen)
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


def refused(result, message):
    status, output = result
    return status == 1 and message in output.splitlines()[-1]


def test_to_the_only_drive(flash, roots, image):
    folder = drive(roots)
    (roots / 'holiday').mkdir()
    with BootLoader(folder, image.stat().st_size) as board:
        status, output = flash('rpi_pico', '--image', image)
    assert status == 0, output
    assert board.taken == image.read_bytes()
    assert f'Copying it to {folder}' in output and '  100 %' in output
    assert output.splitlines()[-1].startswith('Flashed. The board starts again')


def test_another_chip_s_board(flash, roots, image):
    folder = drive(roots, 'RP2350', 'RP2350')
    assert refused(flash('rpi_pico', '--image', image), f'The drive {folder} is of a RP2350')
    image.write_bytes(uf2(tool.ANY_FAMILY, blocks=1) + uf2(RP2350))
    with BootLoader(folder, image.stat().st_size) as board:
        assert flash('rpi_pico2_w', '--image', image)[0] == 0
    assert board.taken == image.read_bytes()


def test_one_of_two_drives(flash, roots, image):
    folders = [drive(roots), drive(roots, 'RP2350'), roots / 'second']
    folders[2].mkdir()
    (folders[2] / tool.INFO).write_text(INFO.format('RP2', 'RPI-RP2'))
    message = f'Several boards wait for an image: {folders[0]}, {folders[2]}. Choose with DRIVE='
    assert refused(flash('rpi_pico', '--image', image), message)
    with BootLoader(folders[2], image.stat().st_size) as board:
        assert flash('rpi_pico', '--image', image, '--drive', folders[2])[0] == 0
    assert board.taken == image.read_bytes()
    assert sorted(os.listdir(folders[0])) == [tool.INFO]


def test_a_folder_that_is_no_drive(flash, roots, image):
    result = flash('rpi_pico', '--image', image, '--drive', roots)
    assert refused(result, f'DRIVE={roots}: no INFO_UF2.TXT there')


def test_no_board(flash, image):
    assert refused(flash('rpi_pico', '--image', image), 'No board found. Hold BOOTSEL while')


def test_a_drive_that_is_not_mounted(flash, image, tmp_path, monkeypatch):
    (tmp_path / 'RPI-RP2').write_text('')
    (tmp_path / 'mounts').write_text('proc /proc proc rw 0 0\n')
    monkeypatch.setattr(tool, 'LABELS', tmp_path)
    monkeypatch.setattr(tool, 'MOUNTS', tmp_path / 'mounts')
    result = flash('rpi_pico', '--image', image, drives=False)
    assert refused(result, f'The drive is not mounted: udisksctl mount -b {tmp_path}/RPI-RP2')


def test_a_drive_that_is_mounted_late(flash, roots, image, tmp_path, monkeypatch):
    """As desktops do it, a while after the system has seen the drive."""
    (tmp_path / 'RPI-RP2').write_text('')
    (tmp_path / 'mounts').write_text('')
    monkeypatch.setattr(tool, 'LABELS', tmp_path)
    monkeypatch.setattr(tool, 'MOUNTS', tmp_path / 'mounts')
    monkeypatch.setattr(tool, 'DRIVE_SECONDS', DEADLINE)
    folder = drive(roots)
    looks = []

    def sleep(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            (tmp_path / 'mounts').write_text(f'/dev/sdb1 {folder} vfat rw 0 0\n')

    monkeypatch.setattr(tool.time, 'sleep', sleep)
    with BootLoader(folder, image.stat().st_size):
        status, output = flash('rpi_pico', '--image', image, drives=False)
    assert status == 0, output
    assert 'Waiting for the drive of the board to be mounted' in output


def test_mounted_drives_are_found(tmp_path, monkeypatch):
    mounts = tmp_path / 'mounts'
    lines = ('/dev/sda1 / ext4 rw 0 0', '/dev/sdb1 /media/Jürgen/RPI-RP2\\040(1) vfat rw 0 0')
    mounts.write_text('\n'.join(lines) + '\n')
    monkeypatch.setattr(tool, 'MOUNTS', mounts)
    assert [str(path) for path in tool.mounted()] == ['/media/Jürgen/RPI-RP2 (1)']
    (tmp_path / 'volumes' / 'RPI-RP2').mkdir(parents=True)
    monkeypatch.setattr(tool, 'MOUNTS', tmp_path / 'nosuch')
    monkeypatch.setattr(tool, 'VOLUMES', tmp_path / 'volumes')
    assert tool.mounted() == [tmp_path / 'volumes' / 'RPI-RP2']


@pytest.mark.parametrize(
    ('data', 'message'),
    [
        (b'', 'not a whole UF2 image'),
        (b'\x7fELF' + bytes(1020), 'not a UF2 image, or a damaged one'),
        (uf2(RP2040)[:-512], 'not a whole UF2 image'),
        (uf2(RP2040)[512:], 'not a whole UF2 image'),
        (uf2(RP2040)[:-100], 'not a whole UF2 image'),
        (uf2(RP2040)[:-4] + bytes(4), 'not a UF2 image, or a damaged one'),
        (uf2(RP2040, blocks=1)[:24] + b'\xff' * 4 + uf2(RP2040, blocks=1)[28:], 'not a whole UF2'),
        (uf2(RP2350), 'firmware.uf2 is for RP2350, rpi_pico has RP2040'),
        (uf2(0x12345678), 'firmware.uf2 is for 0x12345678, rpi_pico has RP2040'),
    ],
)
def test_an_image_for_something_else(flash, roots, image, data, message):
    folder = drive(roots)
    image.write_bytes(data)
    assert refused(flash('rpi_pico', '--image', image), message)
    assert os.listdir(folder) == [tool.INFO]


def test_no_image(flash, roots, tmp_path, monkeypatch):
    drive(roots)
    monkeypatch.setattr(tool, 'FIRMWARE', tmp_path / 'firmware')
    assert refused(flash('rpi_pico'), 'No firmware yet: make firmware BOARD=rpi_pico')
    assert refused(flash('rpi_pico', '--image', 'x.uf2'), 'IMAGE=x.uf2: no such file')
    assert refused(flash('unix'), 'BOARD=unix takes no UF2 images')
    assert refused(flash('x'), 'BOARD=x: no such board. There are: ')


def test_the_firmware_that_was_built(flash, roots, image, tmp_path, monkeypatch):
    (tmp_path / 'firmware' / 'rpi_pico').mkdir(parents=True)
    image.rename(tmp_path / 'firmware' / 'rpi_pico' / 'firmware.uf2')
    monkeypatch.setattr(tool, 'FIRMWARE', tmp_path / 'firmware')
    with BootLoader(drive(roots), len(uf2(RP2040))) as board:
        assert flash('rpi_pico')[0] == 0
    assert board.taken == uf2(RP2040)


def test_no_room_on_the_drive(flash, roots, image, monkeypatch):
    folder = drive(roots)
    monkeypatch.setattr(tool.shutil, 'disk_usage', lambda path: types.SimpleNamespace(free=4096))
    result = flash('rpi_pico', '--image', image)
    assert refused(result, f'{folder} is full: 153,600 bytes are needed. Nothing was written')
    assert os.listdir(folder) == [tool.INFO]


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='no /dev/full here')
def test_a_drive_that_fills_up(flash, roots, image):
    folder = drive(roots)
    (folder / 'firmware.uf2').symlink_to('/dev/full')
    assert refused(flash('rpi_pico', '--image', image), f'{folder} is full: what was written')
    assert os.listdir(folder) == [tool.INFO]


def test_a_board_that_does_not_take_it(flash, roots, image):
    folder = drive(roots)
    assert refused(flash('rpi_pico', '--image', image), f'{folder} is still there, so the')


@pytest.mark.parametrize('late', [True, False])
def test_a_drive_that_goes(flash, roots, image, monkeypatch, late):
    """With the last block, as it should, or in the middle."""
    folder = drive(roots)

    def gone(number):
        if late:
            (folder / tool.INFO).unlink()
        raise OSError(errno.EIO, 'Input/output error')

    monkeypatch.setattr(tool.os, 'fsync', gone)
    status, output = flash('rpi_pico', '--image', image)
    if late:
        assert status == 0, output
    else:
        assert refused((status, output), f'Input/output error. {tool.GONE}')


def test_a_board_that_runs_micropython(flash, roots, image, tmp_path, monkeypatch):
    folder = drive(roots)
    hidden = tmp_path / 'hidden'
    (folder / tool.INFO).rename(hidden)
    boot = (
        'import os, sys\n'
        'class Machine:\n'
        '    def bootloader(self):\n'
        f'        os.system("mv {hidden} {folder / tool.INFO}")\n'
        'sys.modules["machine"] = Machine()\n'
    )
    with Board(tmp_path / 'board') as board:
        with devices.Device(board.port) as device:
            device.write('/boot.py', boot.encode())
        port = ListPortInfo(board.port)
        port.vid, port.pid = 0x2E8A, 0x0005
        monkeypatch.setattr(devices.list_ports, 'comports', lambda: [port])
        monkeypatch.setattr(tool, 'DRIVE_SECONDS', DEADLINE)
        with BootLoader(folder, image.stat().st_size) as loader:
            status, output = flash('rpi_pico', '--image', image)
        assert status == 0, output
        assert f'Putting the board on {board.port} into its boot loader' in output
        assert loader.taken == image.read_bytes()


def test_a_board_that_runs_micropython_on_another_chip(flash, image, tmp_path):
    with Board(tmp_path / 'board', machine='Raspberry Pi Pico 2 W with RP2350') as board:
        result = flash('rpi_pico', '--image', image, '--port', board.port)
        assert refused(result, 'Raspberry Pi Pico 2 W with RP2350, BOARD=rpi_pico has the')


def test_two_boards_that_run_micropython(flash, image, monkeypatch):
    ports = [ListPortInfo(f'/dev/ttyACM{number}') for number in range(2)]
    for port in ports:
        port.vid, port.pid = 0x2E8A, 0x0005
    monkeypatch.setattr(devices.list_ports, 'comports', lambda: ports)
    assert refused(flash('rpi_pico', '--image', image), 'Choose with PORT=/dev/ttyACM0')


PICOTOOL = """#!/bin/sh
echo "$@" >> {log}
[ "$1" = info ] && echo 'Program Information' && exit 0
[ {status} = 0 ] || echo 'ERROR: the device went away' >&2
exit {status}
"""


@pytest.mark.parametrize('status', [0, 1])
def test_picotool(flash, image, tmp_path, monkeypatch, status):
    script, log = tmp_path / 'bin' / 'picotool', tmp_path / 'log'
    script.parent.mkdir()
    script.write_text(PICOTOOL.format(log=log, status=status))
    script.chmod(0o755)
    monkeypatch.setenv('PATH', f'{script.parent}:{os.environ["PATH"]}')
    monkeypatch.setattr(tool.shutil, 'which', lambda name: str(script))
    result = flash('rpi_pico', '--image', image)
    if status:
        assert refused(result, f'picotool: ERROR: the device went away. {tool.GONE}')
    else:
        assert result[0] == 0
        assert log.read_text().splitlines()[-1] == f'load -v -x {image}'


def test_picotool_interrupted(flash, image, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(tool, 'picotool_sees', lambda: True)
    monkeypatch.setattr(tool.subprocess, 'run', interrupted)
    assert refused(flash('rpi_pico', '--image', image), f'Interrupted. {tool.GONE}')


def test_make_passes_its_variables_on(roots, image):
    folder = drive(roots)
    with BootLoader(folder, image.stat().st_size) as board:
        status, output = building.make('flash', f'IMAGE={image}', f'DRIVE={folder}')
    assert status == 0, output
    assert board.taken == image.read_bytes()
    status, output = building.make('flash', f'IMAGE={roots}/x.uf2')
    assert status != 0 and f'IMAGE={roots}/x.uf2: no such file' in output


def test_the_tool_as_a_program(roots, image):
    command = runtimes.kit_command('flash', 'unix')
    ended = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    assert ended.returncode == 1
    assert ended.stderr == 'BOARD=unix takes no UF2 images, so there is nothing to flash\n'
