"""The boards: their table, and manifests that MicroPython's own tools freeze."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import building
from firmware import ports, sources
from microdot_kit import boards

DEFINED = {
    'MICROPY_HW_FLASH_STORAGE_BYTES': 'storage',
    'MICROPY_HW_ROMFS_BYTES': 'romfs',
}
# Frozen into each board, whatever its network is.
COMMON = {'asyncio/core.py', 'microdot/server.py', 'utemplate/compiled.py', 'app_of_a_test.py'}
MODULES = '__init__', 'dns', 'frames', 'html', 'improv', 'networks', 'page'
SLOTS = {'slots.py', 'slot_trial.py', 'slot_writer.py'}
SETUP = {f'wifi_setup/{name}.py' for name in MODULES}
STARTING = {
    'rpi_pico': {'main.py', 'startup.py', 'link.py', '_boot.py'} | SLOTS,
    'rpi_pico_w': {'main.py', 'startup.py', 'link.py', '_boot.py'} | SLOTS | SETUP,
    'rpi_pico2_w': {'main.py', 'startup.py', 'link.py', '_boot.py'} | SLOTS | SETUP,
    'unix': {'launch.py', 'serve.py'},
}
FLASHED = [name for name in building.BOARDS if 'flash' in boards.find(name)]
EMPTY_DRIVER = ('cyw43_ctrl.c', 'cyw43_ll.c', 'cyw43_lwip.c', 'cyw43_stats.c', 'cyw43.h')


def test_every_board_has_its_folder():
    folders = {path.parent.name for path in boards.FOLDER.glob('*/manifest.py')}
    assert folders == set(building.BOARDS)


@pytest.mark.parametrize('board', FLASHED)
def test_the_flash_is_divided_without_overlap(board):
    flash = boards.find(board)['flash']
    romfs, storage = flash['romfs'], flash['storage']
    assert flash['image'] < romfs['offset']
    assert romfs['offset'] + romfs['size'] == storage['offset']
    assert storage['offset'] + storage['size'] == flash['size']
    assert all(part[key] % 4096 == 0 for part in (romfs, storage) for key in part)


@pytest.mark.parametrize('board', [name for name in FLASHED if boards.find(name)['port'] == 'rp2'])
def test_the_header_divides_the_flash_like_the_table(board):
    header = boards.FOLDER / board / 'mpconfigboard.h'
    defined = dict(re.findall(r'#define (\w+) +\((0x[0-9a-f]+)\)', header.read_text()))
    for name, part in DEFINED.items():
        assert int(defined[name], 16) == boards.find(board)['flash'][part]['size']


@pytest.fixture(scope='module')
def mpy_cross(tmp_path_factory):
    """That of the pinned sources."""
    return building.cross_compiler(building.tree('unix'), tmp_path_factory.mktemp('mpy-cross'))


def test_two_trees_in_turn_have_a_cross_compiler_each(mpy_cross, tmp_path):
    other = tmp_path / 'tree'
    subprocess.run(['cp', '-rs', str(building.tree('unix')), str(other)], check=True, timeout=300)
    header = other / 'py' / 'persistentcode.h'
    text = header.read_text()
    header.unlink()
    header.write_text(re.sub(r'(define MPY_VERSION) 6', r'\1 7', text))
    os.utime(header, (0, 0))  # older than what the first one has left, as a checkout may be
    try:
        # Without optimizing, in a fifth of the time.
        found = building.cross_compiler(other, tmp_path, DEBUG='1')
        assert version(found, tmp_path) == 7
        assert version(mpy_cross, tmp_path) == 6
        assert building.cross_compiler(building.tree('unix'), tmp_path) == mpy_cross
    finally:
        shutil.rmtree(ports.mpy_cross_folder(other))


def version(compiler, folder):
    """The version of what a compiler writes."""
    (folder / 'empty.py').touch()
    subprocess.run([str(compiler), 'empty.py'], cwd=folder, check=True, timeout=60)
    return (folder / 'empty.mpy').read_bytes()[1]


def freeze(board, mpy_cross, folder, *options):
    """Freeze a board's manifest and return the names of the frozen files and the C source."""
    facts = boards.find(board)
    tree = building.tree(facts['port'])
    (folder / 'genhdr').mkdir(exist_ok=True)
    names = folder / 'genhdr' / 'qstrdefs.preprocessed.h'  # of the C code: none here
    names.write_text('QCFG(BYTES_IN_HASH, (2))\nQCFG(BYTES_IN_LEN, (1))\n')
    command = [sys.executable, str(tree / 'tools' / 'makemanifest.py')]
    command += ['-o', str(folder / 'frozen.c'), '-b', str(folder)]
    places = {'MPY_DIR': tree, 'PORT_DIR': tree / 'ports' / facts['port'], 'MPY_LIB_DIR': ''}
    for name, value in {**places, 'BOARD_DIR': boards.FOLDER / board}.items():
        command += ['-v', f'{name}={value}']
    arguments = ''.join(f', {option}' for option in options)
    command.append(f'include({str(boards.FOLDER / board)!r}{arguments})')
    env = building.steps.environment(MICROPY_MPYCROSS=str(mpy_cross))
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    content = (folder / 'frozen.c').read_text()
    return set(re.findall('// - frozen file name: (.*)', content)), content


@pytest.mark.parametrize('board', sorted(STARTING))
def test_the_manifest_freezes(board, mpy_cross, tmp_path):
    app = tmp_path / 'app'
    app.mkdir()
    (app / 'app_of_a_test.py').write_text('answer = 42\n')
    names, content = freeze(board, mpy_cross, tmp_path, f'app={str(app)!r}')
    assert COMMON | STARTING[board] <= names
    assert not any(name.startswith('microdot/test_client') for name in names)
    # Of asyncio and of the package; a manifest with metadata() would put one into each module.
    assert content.count("STORE_NAME '__version__'") == 2


def test_a_board_without_an_application(mpy_cross, tmp_path):
    names, _ = freeze('unix', mpy_cross, tmp_path)
    assert 'launch.py' in names
    assert 'frozen_application.py' not in names


@pytest.mark.parametrize('board', ['rpi_pico_w', 'rpi_pico2_w'])
def test_cmake_takes_a_board_with_wifi(board, tmp_path):
    """As far as it goes without the driver of the radio: files with nothing in them stand in."""
    tree = tmp_path / 'tree'
    subprocess.run(['cp', '-rs', str(building.tree('rp2')), str(tree)], check=True, timeout=300)
    driver = tree / 'lib' / 'cyw43-driver' / 'src'
    driver.mkdir(parents=True)
    for name in EMPTY_DRIVER:
        (driver / name).touch()
    (driver / 'cyw43.h').write_text('#include <cyw43_configport.h>\n')  # as the real one does
    build = tmp_path / 'build'
    command = ['cmake', '-S', str(tree / 'ports' / 'rp2'), '-B', str(build)]
    command += [f'-DMICROPY_BOARD={board}', f'-DMICROPY_BOARD_DIR={boards.FOLDER / board}']
    command += [f'-DMICROPY_FROZEN_MANIFEST={boards.FOLDER / board / "manifest.py"}']
    command += ['-DPICO_NO_PICOTOOL=1', '-DPICO_BUILD_DOCS=0', '-DCMAKE_EXPORT_COMPILE_COMMANDS=1']
    env = building.steps.environment()
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    commands = (build / 'compile_commands.json').read_text()
    assert 'cyw43_ctrl.c' in commands
    assert 'mpbthciport.c' not in commands  # of Bluetooth, which is left out
    # lwIP refuses settings that contradict each other, and these are the ones that it gets.
    defined = compile_lwip(json.loads(commands))
    assert defined['MEMP_NUM_TCP_PCB'] == '(20)'
    assert defined['MEM_SIZE'] == '(16000)'
    found = found_headers(json.loads(commands), 'cyw43_bus_pio_spi.c')
    assert found['cyw43_driver.h'].match('pico_cyw43_driver/include/pico/cyw43_driver.h')
    found = found_headers(json.loads(commands), 'modmachine.c')
    assert found['cyw43_configport.h'].match('ports/rp2/cyw43_configport.h')
    pico_board = {'rpi_pico_w': 'pico_w', 'rpi_pico2_w': 'pico2_w'}[board]
    assert f'PICO_BOARD=\\"{pico_board}\\"'.replace('\\', '') in commands.replace('\\', '')


def found_headers(commands, source):
    """{name: path} of the headers that the compiler finds for a source."""
    [how] = [entry for entry in commands if entry['file'].endswith('/' + source)]
    command = shlex.split(how['command'])
    ended = subprocess.run(
        # -MG: generated headers, which are not there yet, do not stop it.
        [*command[: command.index('-o')], '-M', '-MG', how['file']],
        cwd=how['directory'],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    headers = map(Path, ended.stdout.replace('\\\n', ' ').split()[1:])
    return {path.name: path for path in headers if path.is_absolute()}


def compile_lwip(commands):
    """Compile what checks lwIP's settings, and return all that is defined there."""
    [how] = [entry for entry in commands if entry['file'].endswith('/lwip/src/core/init.c')]
    command = shlex.split(how['command'])
    at = command.index('-o')
    del command[at : at + 2]
    for options in (['-fsyntax-only'], ['-E', '-dM']):
        ended = subprocess.run(
            [*command, *options], cwd=how['directory'], capture_output=True, text=True, timeout=300
        )
        assert ended.returncode == 0, ended.stderr
    return dict(re.findall(r'^#define (\w+) (.*)$', ended.stdout, re.MULTILINE))


@pytest.mark.parametrize('board', building.BOARDS)
def test_a_checkout_that_lacks_submodules_is_told_which(board, tmp_path):
    (tmp_path / 'py').mkdir()
    (tmp_path / 'py' / 'mpconfig.h').touch()
    facts = boards.find(board)
    with pytest.raises(building.steps.Failure) as raised:
        sources.checkout(str(tmp_path), board, facts)
    line = str(raised.value)
    assert line.endswith('submodule update --init ' + ' '.join(facts['submodules']))
    for part in facts['submodules']:
        (tmp_path / part).mkdir(parents=True)
        (tmp_path / part / 'README.md').touch()
    assert sources.checkout(str(tmp_path), board, facts) == tmp_path.resolve()


def test_a_folder_that_is_no_checkout(tmp_path):
    with pytest.raises(building.steps.Failure, match='no MicroPython checkout'):
        sources.checkout(str(tmp_path), 'unix', boards.find('unix'))
