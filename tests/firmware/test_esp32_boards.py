"""The boards with an ESP32, up to where the compiler would begin.

MicroPython's own tools freeze their manifests, its CMakeLists.txt resolves them (in stub-idf, which
stands in for ESP-IDF), Espressif's own code checks their partitions.
"""

import re
import subprocess
import sys
from pathlib import Path

import esp32s
import pytest
from board import figures
from esp_idf_defs.partitions import InputError, PartitionTable

import building
import needs
from firmware import esp32, ports
from microdot_kit import boards, espimage, payload
from microdot_kit.steps import Failure

STUB = building.ROOT / 'tests' / 'firmware' / 'stub-idf'
BOARDS = esp32s.BOARDS
STOCK = {'esp32': 'ESP32_GENERIC', 'esp32s3': 'ESP32_GENERIC_S3', 'esp32c3': 'ESP32_GENERIC_C3'}
FROZEN = {'_boot.py', 'flashbdev.py', 'inisetup.py', 'main.py', 'startup.py', 'link.py'}
FROZEN |= {'slots.py', 'slot_trial.py', 'slot_writer.py'}
FROZEN |= {'asyncio/core.py', 'microdot/server.py', 'utemplate/compiled.py', 'app_of_a_test.py'}
VARIANTS = ['', 'OTA']


def test_these_are_the_boards():
    assert set(BOARDS) == set(STOCK)


def run(command, **changes):
    env = building.steps.environment(**changes)
    ended = subprocess.run(
        [str(part) for part in command], env=env, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def freeze(board, folder, march):
    """Freeze a board's manifest as the port's build does; return the C source."""
    tree = building.tree('unix')
    app = folder / 'app'
    app.mkdir()
    (app / 'app_of_a_test.py').write_text(NATIVE)
    (folder / 'genhdr').mkdir()
    names = folder / 'genhdr' / 'qstrdefs.preprocessed.h'  # of the C code: none here
    names.write_text('QCFG(BYTES_IN_HASH, (2))\nQCFG(BYTES_IN_LEN, (1))\n')
    command = [sys.executable, tree / 'tools' / 'makemanifest.py', '-o', folder / 'frozen.c']
    command += ['-b', folder, f'-f-march={march}']
    places = {'MPY_DIR': tree, 'PORT_DIR': tree / 'ports' / 'esp32', 'MPY_LIB_DIR': ''}
    for name, value in {**places, 'BOARD_DIR': boards.FOLDER / board}.items():
        command += ['-v', f'{name}={value}']
    command.append(f'include({str(boards.FOLDER / board)!r}, app={str(app)!r})')
    run(command, MICROPY_MPYCROSS=str(esp32s.mpy_cross()))
    return (folder / 'frozen.c').read_text()


# Machine code for one kind of chip goes in only if the compiler was told the right one.
NATIVE = """
import micropython

@micropython.native
def answer(number):
    return number + 41
"""


@pytest.mark.parametrize('board', BOARDS)
def test_the_manifest_freezes(board, tmp_path):
    march = boards.find(board)['mpy_arch']
    content = freeze(board, tmp_path, march)
    names = set(re.findall('// - frozen file name: (.*)', content))
    assert FROZEN <= names
    assert not any(name.startswith('microdot/test_client') for name in names)
    assert 'MP_CODE_NATIVE_PY' in content
    compiled = next((tmp_path / 'frozen_mpy').rglob('app_of_a_test.mpy')).read_bytes()
    assert payload.ARCHITECTURES[compiled[2] >> 2] == march


RISCV = 'riscv64-unknown-elf-'
INSTALL = 'Debian: apt-get install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf'


def test_what_is_frozen_compiles_for_an_esp32c3(tmp_path):
    """As the port compiles it, but against the configuration in rv32, for want of ESP-IDF."""
    gcc = needs.require(RISCV + 'gcc', INSTALL)
    tree = building.tree('unix')
    freeze('esp32c3', tmp_path, 'rv32imc')
    headers = tmp_path / 'genhdr'
    names = run(
        [sys.executable, tree / 'py' / 'makeqstrdata.py', headers / 'qstrdefs.preprocessed.h']
    )
    (headers / 'qstrdefs.generated.h').write_text(names)
    (headers / 'root_pointers.h').touch()
    command = [gcc, '-march=rv32imc', '-mabi=ilp32', '--specs=picolibc.specs', '-Os', '-Wall']
    for folder in (Path(__file__).parent / 'rv32', tree, tmp_path):
        command += ['-I', folder]
    made = tmp_path / 'frozen.o'
    run([*command, '-Werror', '-c', tmp_path / 'frozen.c', '-o', made])
    header = made.read_bytes()[:20]
    assert header[:5] == b'\x7fELF\x01' and header[18] == 243  # 32 bits, RISC-V
    symbols = run([RISCV + 'nm', '-S', '--size-sort', made])
    assert ' mp_frozen_mpy_content' in symbols and 'fun_data_app_of_a_test' in symbols
    text, data, *_ = run([RISCV + 'size', made]).splitlines()[1].split()
    figures.append(('frozen code of an ESP32-C3', f'{int(text) + int(data):,}', 'bytes'))


def resolve(board, variant, build, tree=None):
    """What the port's CMakeLists.txt makes of a board, and its settings for ESP-IDF."""
    tree = tree or building.tree('unix')
    folder = boards.FOLDER / board
    command = ['cmake', '-S', tree / 'ports' / 'esp32', '-B', build]
    command += [f'-DMICROPY_BOARD={board}', f'-DMICROPY_BOARD_DIR={folder}']
    command += [f'-DMICROPY_BOARD_VARIANT={variant}'] if variant else []
    run(command, IDF_PATH=str(STUB))
    resolved = dict(
        line.split('=', 1) for line in (build / 'resolved.txt').read_text().splitlines()
    )
    settings = {}
    for line in (build / 'sdkconfig.combined').read_text().splitlines():
        if line.startswith('CONFIG_'):
            name, value = line.split('=', 1)
            settings[name.removeprefix('CONFIG_')] = value.strip('"')
    return resolved, settings


@pytest.mark.parametrize('variant', VARIANTS)
@pytest.mark.parametrize('board', BOARDS)
def test_the_port_takes_the_board(board, variant, tmp_path):
    facts = boards.find(board)
    resolved, settings = resolve(board, variant, tmp_path / 'build')
    assert resolved['IDF_TARGET'] == ('' if board == 'esp32' else board)
    assert resolved['MICROPY_FROZEN_MANIFEST'] == str(boards.FOLDER / board / 'manifest.py')
    assert 'MICROPY_PY_BLUETOOTH=0' in resolved['MICROPY_DEF_BOARD']
    # Of the stock board, which is included, and what is put on top of it.
    assert settings['FREERTOS_THREAD_LOCAL_STORAGE_POINTERS'] == '2'
    # What ESP-IDF takes before 5.3.2, which MicroPython supports; more connections than sockets.
    assert settings['LWIP_MAX_SOCKETS'] == '16'
    assert int(settings['LWIP_MAX_ACTIVE_TCP']) > 16
    assert settings['BT_ENABLED'] == 'n'
    assert 'BT_NIMBLE_ENABLED' not in settings
    megabytes = facts['flash']['size'] >> 20
    assert flash_sizes(settings) == [f'{megabytes}MB']
    assert settings['PARTITION_TABLE_CUSTOM'] == 'y'
    suffix = '-ota' if variant else ''
    table = boards.FOLDER / 'esp32' / f'partitions-{megabytes}MiB{suffix}.csv'
    assert settings['PARTITION_TABLE_CUSTOM_FILENAME'] == str(table)
    assert ('COMPILER_OPTIMIZATION_SIZE' in settings) == bool(variant)


def flash_sizes(settings):
    prefix = 'ESPTOOLPY_FLASHSIZE_'
    return [
        name.removeprefix(prefix) for name in settings if settings[name] == 'y' and prefix in name
    ]


def test_the_size_of_the_flash_is_that_of_the_table(tmp_path):
    """MicroPython 1.26 has dropped it from its board for the S3: 4 MB remain for all of them."""
    tree = tmp_path / 'tree'
    subprocess.run(['cp', '-rs', str(building.tree('unix')), str(tree)], check=True, timeout=300)
    stock = tree / 'ports' / 'esp32' / 'boards' / STOCK['esp32s3'] / 'sdkconfig.board'
    lines = [line for line in stock.read_text().splitlines() if 'FLASHSIZE' not in line]
    stock.unlink()
    stock.write_text('\n'.join(lines) + '\n')
    _, settings = resolve('esp32s3', '', tmp_path / 'build', tree)
    assert flash_sizes(settings) == ['8MB']
    assert settings['PARTITION_TABLE_CUSTOM_FILENAME'].endswith('partitions-8MiB.csv')


@pytest.mark.parametrize(
    ('board', 'variant', 'setting'),
    [('esp32', 'SPIRAM', 'SPIRAM'), ('esp32s3', 'SPIRAM_OCT', 'SPIRAM_MODE_OCT')],
)
def test_a_variant_with_memory(board, variant, setting, tmp_path):
    for chosen in ('', variant):
        settings = resolve(board, chosen, tmp_path / f'build-{chosen}')[1]
        assert (settings.get(setting) == 'y') == bool(chosen)
        assert settings['PARTITION_TABLE_CUSTOM_FILENAME'].endswith('MiB.csv')
        assert settings['LWIP_MAX_SOCKETS'] == '16'


@pytest.mark.parametrize('board', BOARDS)
def test_the_header_includes_the_stock_one(board):
    header = (boards.FOLDER / board / 'mpconfigboard.h').read_text()
    stock = building.tree('unix') / 'ports' / 'esp32' / 'boards' / STOCK[board]
    assert f'#include "boards/{STOCK[board]}/mpconfigboard.h"' in header
    assert (stock / 'mpconfigboard.h').exists()
    assert re.search(r'#define MICROPY_VFS_ROM +\(1\)', header)


def partitions(path):
    table = PartitionTable.from_csv(path.read_text())
    table.verify(0x8000)
    return table


@pytest.mark.parametrize('variant', VARIANTS)
@pytest.mark.parametrize('board', BOARDS)
def test_the_partitions_fill_the_flash(board, variant):
    flash = boards.find(board)['flash']
    suffix = '-ota' if variant else ''
    path = boards.FOLDER / 'esp32' / f'partitions-{flash["size"] >> 20}MiB{suffix}.csv'
    table = partitions(path)
    ends = [0x9000] + [entry.offset + entry.size for entry in table]
    assert [entry.offset for entry in table] == ends[:-1]  # no gap, no overlap
    assert ends[-1] == flash['size']
    apps = [entry for entry in table if entry.type == 0]
    # What starts from flash is mapped by pages of 64 KiB.
    assert all(entry.offset % 0x10000 == 0 for entry in [*apps, table['romfs']])
    if variant:
        assert [entry.name for entry in apps] == ['ota_0', 'ota_1']
        assert apps[0].size == apps[1].size >= 0x180000
        assert next(table.find_by_type('data', 'ota')).size == 0x2000
        return
    for name, part in {'factory': 'app', 'romfs': 'romfs', 'vfs': 'storage'}.items():
        assert table[name].offset == flash[part]['offset']
        assert table[name].size == flash[part]['size']


def test_partitions_that_overlap_are_noticed(tmp_path):
    text = (boards.FOLDER / 'esp32' / 'partitions-4MiB.csv').read_text()
    broken = tmp_path / 'broken.csv'
    broken.write_text(text.replace('0x40000,', '0x50000,'))
    assert broken.read_text() != text
    with pytest.raises(InputError, match='overlap'):
        partitions(broken)


def test_a_stock_firmware_fits():
    """The firmware of the stock board, with Bluetooth and without the framework."""
    size = len(espimage.read(esp32s.base()).app_data)
    assert size < boards.find('esp32')['flash']['app']['size']


@pytest.mark.parametrize('variant', VARIANTS)
@pytest.mark.parametrize('board', BOARDS)
def test_what_idf_is_called_with(board, variant, tmp_path):
    tree = building.tree('unix')
    job = ports.Job(board=board, tree=tree, work=tmp_path)
    folder = boards.FOLDER / board
    printed = run(esp32.make_port(job, folder, variant, '-n'))
    calls = [line for line in printed.splitlines() if 'idf.py' in line]
    assert len(calls) == 1
    expected = f'idf.py -D MICROPY_BOARD={board} -D MICROPY_BOARD_DIR="{folder}"  '
    expected += f'-D MICROPY_FROZEN_MANIFEST={job.manifest} '
    expected += f'-D MICROPY_BOARD_VARIANT={variant} ' if variant else ''
    assert calls[0].startswith(expected + f'-B {tmp_path} build')
    assert f'{tmp_path}/firmware.bin' in printed


def test_the_versions_of_idf_are_those_that_micropython_names():
    facts = boards.find('esp32')
    tree = building.tree('unix')
    assert esp32.supported(tree, {'idf': ['9.9']}) == facts['idf']
    assert all(boards.find(board)['idf'] == facts['idf'] for board in BOARDS)


def test_an_older_readme_leaves_the_table(tmp_path):
    assert esp32.supported(tmp_path, {'idf': ['9.9']}) == ['9.9']


def toolchain(monkeypatch, path='', **variables):
    for name in ('IDF_PATH', 'IDF_DOCKER'):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv('PATH', str(path))
    return esp32.Toolchain(boards.find('esp32'), [building.ROOT])


def test_idf_that_is_there(monkeypatch):
    tools = toolchain(monkeypatch, IDF_PATH=STUB)
    assert tools.version == '5.4'
    command, env = tools.wrap(['idf.py'], {'A': 'b'})
    assert command[:2] == ['bash', '-c']
    assert f'. {STUB}/export.sh' in command[2]
    assert command[-1] == 'idf.py'
    assert env == {'A': 'b', 'IDF_PATH': str(STUB)}
    # A shell that has it already is left alone.
    tools = toolchain(monkeypatch, path=STUB / 'tools', IDF_PATH=STUB)
    assert tools.wrap(['idf.py'], {})[0] == ['idf.py']


def test_idf_that_is_not_there(monkeypatch, tmp_path):
    with pytest.raises(Failure, match=r'no ESP-IDF, it has no tools/idf\.py'):
        toolchain(monkeypatch, IDF_PATH=tmp_path)


def test_docker(monkeypatch, tmp_path):
    docker = tmp_path / 'docker'
    docker.write_text('#!/bin/sh\n')
    docker.chmod(0o755)
    tools = toolchain(monkeypatch, path=tmp_path, IDF_DOCKER='1')
    assert tools.version == '5.4'
    command, _ = tools.wrap(['make', 'x'], {'SOURCE_DATE_EPOCH': '1', 'SECRET': '2'})
    assert command[:3] == ['docker', 'run', '--rm']
    assert command[-3:] == ['espressif/idf:v5.4', 'make', 'x']
    assert f'-v{building.ROOT}:{building.ROOT}' in command
    assert '-eSOURCE_DATE_EPOCH=1' in command
    assert not any('SECRET' in part for part in command)
    tools = toolchain(monkeypatch, path=tmp_path, IDF_DOCKER='espressif/idf:v5.3')
    assert tools.version == '5.3'


def test_no_docker(monkeypatch, tmp_path):
    with pytest.raises(Failure, match='docker, which is not installed'):
        toolchain(monkeypatch, path=tmp_path, IDF_DOCKER='1')


@pytest.mark.parametrize('board', BOARDS)
def test_the_table_agrees_with_espressif(board):
    """Where the boot loader goes and what machine code a chip runs, as the tools know it."""
    facts = boards.find(board)
    assert (facts['chip'], facts['flash']['image']) in espimage.CHIPS.values()
    made = esp32s.altered(esp32s.base().read_bytes(), chip=facts['chip'])
    assert espimage.Image('made', made).arch == facts['mpy_arch']
