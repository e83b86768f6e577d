"""`make image`: a framework and an application in a real MicroPython image.

What is composed is taken apart again and mounted on MicroPython. No MicroPython with ROMFS is among
the packages, nor one from 1.26 on: the images for those tests are real ones with the names in them
that tell, and with another partition table.
"""

import subprocess

import esp32s
import pytest
from mounting import micropython

import building
from microdot_kit import application, espimage, payload, runtimes, stock
from microdot_kit import image as tool
from microdot_kit.steps import Failure

ROOT = building.ROOT
HELLO = ROOT / 'examples' / 'hello' / 'hello.py'


@pytest.fixture
def app(tmp_path):
    folder = tmp_path / 'app'
    (folder / 'static').mkdir(parents=True)
    (folder / 'main.py').write_text('import helper\n')
    (folder / 'helper.py').write_text('answer = 42\n')
    (folder / 'static' / 'page.html').write_text('<p>Hello')
    (folder / 'network.json').write_text('{"ssid": "home", "password": "very secret"}')
    return folder


def base(**changes):
    return esp32s.altered(esp32s.base().read_bytes(), **changes)


def compose(data, app, **options):
    made, wanted, table = tool.compose(espimage.Image('base', data), str(app), **options)
    return espimage.Image('made', made), wanted


def partition(image, name):
    """All of a partition, erased where the image has nothing."""
    entry = image.table[name]
    return image.part(entry.offset, entry.size).ljust(entry.size, b'\xff')


def test_an_image_without_romfs(app, tmp_path):
    stock = espimage.read(esp32s.base())
    made, wanted = compose(stock.data, app)
    assert set(wanted) == {'vfs'}
    # What starts the chip is byte for byte the same, table and all.
    assert made.data[: 0x10000 - 0x1000 + len(stock.app_data)] == stock.data
    assert made.table.to_csv() == stock.table.to_csv()
    file, names, kept, answer = micropython(tmp_path, {'vfs': partition(made, 'vfs')})
    assert file == '/flash/lib/microdot/__init__.mpy'
    assert names == "['helper.mpy', 'lib', 'main.py', 'static']"
    assert kept == 'kept 512 512'
    assert answer == '42'
    assert b'very secret' not in made.data


def test_an_image_with_romfs(app, tmp_path):
    stock = base(replacements=esp32s.WITH_ROMFS)
    made, wanted = compose(stock, app)
    assert set(wanted) == {'vfs', 'romfs'}
    assert made.app_data == espimage.Image('base', stock).app_data
    rom, storage = made.table['romfs'], made.table['vfs']
    assert (rom.offset, rom.size) == (0x200000, 0x40000)
    assert (storage.offset, storage.size) == (0x240000, 0x1C0000)
    parts = {name: partition(made, name) for name in ('vfs', 'romfs')}
    file, names, kept, answer = micropython(tmp_path, parts)
    assert file == '/rom/lib/microdot/__init__.mpy'
    assert names == "['boot.py', 'helper.mpy', 'main.py', 'static']"
    assert {'lib/startup.mpy', 'lib/link.mpy', 'lib/wifi_setup/page.mpy'} < set(wanted['romfs'])
    assert 'lib/setup_image.py' not in wanted['romfs']
    mark = compose(stock, app, setup=True)[1]['romfs']['lib/setup_image.py']
    assert mark == application.mark((app.name, ''))
    assert kept == 'kept 448 448'
    assert answer == '42'
    # Once more on top of that: the partitions are there already.
    again, _ = compose(made.data, app)
    assert again.data == made.data


MIB = 0x100000
# A flash, and where in it the file system is then.
FLASHES = {'': (4 * MIB, 2 * MIB), '8M': (8 * MIB, 6 * MIB)}


@pytest.mark.parametrize('flash', FLASHES)
@pytest.mark.parametrize('table', ['with', 'without'])
def test_the_file_system_fills_the_flash(table, flash, app, tmp_path):
    """Of the official image of 1.25, and with a table without one, as it is from 1.26 on."""
    data = esp32s.base(stock.OFFICIAL).read_bytes()
    data = data if table == 'with' else esp32s.without_storage(data)
    made, _ = compose(data, app, flash=flash)
    size, room = FLASHES[flash]
    assert (made.flash_size, made.table.flash_size()) == (size, size)
    storage = made.table['vfs']
    assert (storage.offset, storage.size, storage.subtype) == (2 * MIB, room, 0x81)
    assert made.app_data == espimage.Image('base', data).app_data
    file, names, _, answer = micropython(tmp_path, {'vfs': partition(made, 'vfs')})
    assert file == '/flash/lib/microdot/__init__.mpy'
    assert names == "['boot.py', 'helper.mpy', 'lib', 'main.py', 'static']"
    assert answer == '42'
    # Once more on top of that, it is as it was.
    assert compose(made.data, app)[0].data == made.data


def test_romfs_where_there_is_no_file_system_yet(app):
    stock_image = esp32s.without_storage(base(replacements=esp32s.WITH_ROMFS))
    made, wanted = compose(stock_image, app, flash='8MB')
    assert set(wanted) == {'vfs', 'romfs'}
    rom, storage = made.table['romfs'], made.table['vfs']
    assert (rom.offset, rom.size) == (0x1F0000 + 0x10000, 0x40000)
    assert (storage.offset, storage.offset + storage.size) == (0x240000, 8 * MIB)


@pytest.mark.parametrize(
    ('flash', 'line'),
    [
        ('2MB', 'leaves no room for a file system in 2 MB of flash'),
        ('3MB', 'FLASH=3MB: the size of the flash is needed, such as 4MB or 16MB'),
        ('4', 'FLASH=4: the size'),
        ('0MB', 'FLASH=0MB: the size'),
        ('4096KB', 'FLASH=4096KB: the size'),
    ],
)
def test_a_flash_that_cannot_be(flash, line, app):
    with pytest.raises(Failure, match=line):
        compose(esp32s.without_storage(esp32s.base().read_bytes()), app, flash=flash)


def test_a_file_system_of_another_kind(app):
    image = espimage.Image('base', esp32s.base().read_bytes())
    image.table['vfs'].name = 'ffat'
    with pytest.raises(Failure, match='its file system is FAT'):
        tool.layout(image, 0, 4 * MIB)


def test_an_image_too_old_for_the_modules(app, tmp_path):
    status, said = run(esp32s.base(esp32s.V1_16), app)
    assert status == 1
    assert 'has MicroPython 1.16, which does not load .mpy version 6: take 1.19 or newer' in said


def test_set_up_by_a_page_needs_what_joins_networks(app):
    (app / 'boot.py').write_text('pass\n')
    with pytest.raises(Failure, match='SETUP=1 needs'):
        compose(base(replacements=esp32s.WITH_ROMFS), app, setup=True)


def test_romfs_grows_with_what_is_in_it(app):
    stock = base(replacements=esp32s.WITH_ROMFS)
    small, _ = compose(stock, app, least=0)
    large, _ = compose(small.data, app, least=0x100000)
    assert small.table['romfs'].size < 0x40000
    assert small.table['romfs'].size % 0x10000 == 0
    assert large.table['romfs'].size == 0x100000
    ends = large.table['romfs'].offset + 0x100000
    assert (large.table['vfs'].offset, large.table.flash_size()) == (ends, 0x400000)


@pytest.mark.parametrize(('chip', 'arch'), [('ESP32-S3', 10), ('ESP32-C3', 11), ('ESP32-C6', 11)])
def test_other_chips(chip, arch, app):
    """Native code is for the chip; the image begins where its boot loader does."""
    lines = 'import micropython\n@micropython.native\ndef f(x):\n    return x + 1\n'
    (app / 'helper.py').write_text(lines)
    stock = base(chip=chip)
    made, wanted = compose(stock, app)
    assert (made.chip, made.offset) == (chip, 0)
    assert wanted['vfs']['helper.mpy'][2] >> 2 == arch


def test_the_same_files_make_the_same_image(app):
    stock = esp32s.base().read_bytes()
    assert compose(stock, app)[0].data == compose(stock, app)[0].data


def test_make_image(app, tmp_path):
    """The command of the documents, and what it says."""
    output = tmp_path / 'made.bin'
    status, said = run(esp32s.base(), app, '--board', 'esp32', '--output', output)
    assert status == 0, said
    assert 'MicroPython 1.23 for ESP32' in said
    assert 'For 4 MB of flash: what the image is made for' in said
    assert 'This MicroPython has no ROMFS' in said
    assert 'network.json stays out of the image' in said
    assert f'make flash BOARD=esp32 IMAGE={output}' in said
    assert espimage.read(output).version == (1, 23)


def run(*arguments):
    command = runtimes.kit_command('image', *arguments)
    ended = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    return ended.returncode, ended.stdout


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


# What is done to the image, and the line that follows.
BROKEN = {
    'flipped bit': (lambda data: flipped(data, 1_000_000), 'its firmware is damaged'),
    'flipped bit in front': (lambda data: flipped(data, 0x100), 'its boot loader is damaged'),
    'flipped bit in the table': (lambda data: flipped(data, 0x7005), 'partition table is damaged'),
    'cut off': (lambda data: data[:900_000], 'its firmware is damaged'),
    'the firmware alone': (lambda data: data[0xF000:], 'not the whole image of a flash'),
    'another offset': (lambda data: data.ljust(1 << 22, b'\xff')[0x1000:], 'not an image'),
    'something else': (lambda data: b'PK' + data, 'not an image of an ESP32 chip'),
    'empty': (lambda data: b'', 'not an image of an ESP32 chip'),
    'not MicroPython': (
        lambda data: base(replacements=[(b'MicroPython v1.23.0', b'NodeJs      v18.0.1')]),
        'a firmware, but not MicroPython',
    ),
    'too old': (
        lambda data: base(replacements=[(b'MicroPython v1.23.0', b'MicroPython v1.18.0')]),
        'which does not load .mpy version 6: take 1.19 or newer',
    ),
    'without asyncio': (
        lambda data: base(replacements=[(b'\0asyncio/core.py', b'uasyncio/core.py')]),
        'has no asyncio: take MicroPython 1.21 or newer',
    ),
    'another chip': (lambda data: base(chip='ESP32-C3'), 'BOARD=esp32 has the chip ESP32'),
    'a chip that is not known': (
        lambda data: data[:12] + b'\x63' + data[13:],
        'for a chip that is not known, number 99',
    ),
    'too small a flash': (lambda data: base(mib=2), 'no room for a file system in 2 MB of flash'),
}


@pytest.mark.parametrize('case', BROKEN)
def test_an_image_that_is_not_taken(case, app, tmp_path, capsys):
    change, line = BROKEN[case]
    path = tmp_path / 'base.bin'
    path.write_bytes(change(esp32s.base().read_bytes()))
    output = tmp_path / 'made.bin'
    chosen = tool.options([str(path), str(app), '--board', 'esp32', '--output', str(output)])
    assert tool.exit_status(tool.make, chosen) == 1
    printed = capsys.readouterr()
    (said,) = printed.err.splitlines()
    assert line in said
    assert not output.exists()


@pytest.mark.parametrize(
    ('base', 'line'),
    [('', 'micropython.org/download'), ('nowhere.bin', 'nowhere.bin: No such file')],
)
def test_no_image(base, line, app):
    status, said = run(base, app)
    assert status == 1
    assert line in said
    assert len(said.splitlines()) == 1


def test_an_application_that_does_not_fit(app, tmp_path):
    (app / 'static' / 'film').write_bytes(bytes(range(256)) * 0x2000)
    with pytest.raises(Failure, match='do not fit into a file system of 2,097,152 bytes'):
        compose(esp32s.base().read_bytes(), app)


def test_romfs_that_does_not_fit(app):
    with pytest.raises(Failure, match='do not fit into the 2,097,152 that the firmware leaves'):
        compose(base(replacements=esp32s.WITH_ROMFS), app, least=0x200000)


def test_the_hello_example_goes_in(tmp_path):
    made, wanted = compose(esp32s.base().read_bytes(), HELLO)
    assert wanted['vfs']['main.py'] == HELLO.read_bytes()
    assert payload.MPY_VERSION == wanted['vfs']['lib/microdot/__init__.mpy'][1]
