"""`make firmware` for a board with an ESP32: what it says without ESP-IDF, what it does with one.

stub-idf stands in for ESP-IDF. It runs CMake as that does, and in place of compiling takes boot
loader and firmware out of a real MicroPython image.
"""

import json
import shutil
import subprocess
from pathlib import Path

import esp32s
import esp_idf_defs
import pytest

import building
from firmware import ports
from microdot_kit import boards, espimage

APP = 'examples/hello/hello.py'
STUB = building.ROOT / 'tests' / 'firmware' / 'stub-idf'


def make(*arguments, root=building.ROOT, **variables):
    names = {'IDF_PATH': '', 'IDF_DOCKER': '', **variables}
    return building.make('firmware', *arguments, root=root, env=names)


@pytest.mark.parametrize('board', esp32s.BOARDS)
def test_without_idf_it_says_what_is_needed(board):
    facts = boards.find(board)
    status, output = make(f'BOARD={board}')
    assert status != 0
    assert f'MicroPython {facts["micropython"]} and ESP-IDF' in output
    for line in (
        f'git clone -b v{facts["micropython"]} https://github.com/micropython/micropython',
        f'git clone -b v{facts["idf"][-1]} --depth 1',
        f'esp-idf/install.sh {board}',
        f'make firmware BOARD={board} MICROPYTHON_DIR=micropython IDF_PATH=esp-idf',
        f'make firmware BOARD={board} MICROPYTHON_DIR=micropython IDF_DOCKER=1',
    ):
        assert f'    {line}' in output
    assert 'Traceback' not in output
    assert not (building.ROOT / 'build' / 'firmware' / board).exists()


@pytest.mark.parametrize(
    ('arguments', 'line'),
    [
        (['IDF_PATH=/nowhere', 'MICROPYTHON_DIR=/nowhere'], 'no MicroPython checkout'),
        (
            ['VARIANT=X', 'IDF_DOCKER=1', 'MICROPYTHON_DIR=/nowhere'],
            'VARIANT=X: no such variant of esp32, only OTA, SPIRAM',
        ),
        (['BOARD=unix', 'VARIANT=OTA'], 'unix has no variants'),
    ],
)
def test_what_cannot_be_built(arguments, line):
    named = [] if any(part.startswith('BOARD=') for part in arguments) else ['BOARD=esp32']
    status, output = make(*named, *arguments)
    assert status != 0
    assert line in output
    assert 'Traceback' not in output


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    """MicroPython's sources with something in the submodules that an ESP32 needs."""
    tree = tmp_path_factory.mktemp('checkout') / 'micropython'
    subprocess.run(['cp', '-rs', str(building.tree('unix')), str(tree)], check=True, timeout=300)
    for name in boards.find('esp32')['submodules']:
        (tree / name).mkdir(parents=True, exist_ok=True)
        (tree / name / 'README').touch()
    return tree


@pytest.fixture(scope='module')
def project(tmp_path_factory, checkout):
    copy = building.project(tmp_path_factory.mktemp('project') / 'copy')
    work = copy / 'build' / 'firmware' / 'work'
    work.mkdir(parents=True)
    # What make finds there is up to date, but for the version: it is linked anew.
    cross = ports.mpy_cross_folder(checkout)
    shutil.copytree(esp32s.mpy_cross().parent, work / cross.name)
    return copy


@pytest.fixture
def build(project, checkout, tmp_path, monkeypatch):
    shutil.copytree(STUB, tmp_path / 'idf', dirs_exist_ok=True)

    def call(*arguments):
        variables = {
            'STUB_IDF_IMAGE': str(esp32s.base()),
            'STUB_IDF_PACKAGES': str(Path(esp_idf_defs.__file__).parents[1]),
        }
        idf = f'IDF_PATH={tmp_path / "idf"}'
        micropython = f'MICROPYTHON_DIR={checkout}'
        return make(*arguments, idf, micropython, f'APP={APP}', root=project, **variables)

    return call


@pytest.mark.parametrize('variant', ['', 'OTA'])
def test_with_idf_it_builds(build, project, variant):
    status, output = build('BOARD=esp32', f'VARIANT={variant}')
    name = 'esp32-OTA' if variant else 'esp32'
    folder = project / 'build' / 'firmware' / name
    if variant:  # the real firmware has Bluetooth, and is larger than half a flash
        assert status != 0
        assert 'overflows allocated space' in output
        assert not folder.exists()
        return
    assert status == 0, output
    image = espimage.read(folder / 'firmware.bin')
    assert image.table['romfs'].offset == boards.find('esp32')['flash']['romfs']['offset']
    assert image.app_data == espimage.read(esp32s.base()).app_data
    sums = dict(line.split()[::-1] for line in (folder / 'SHA256SUMS').read_text().splitlines())
    for result in ('firmware.bin', 'micropython.bin'):
        assert sums[result] == esp32s.sha256((folder / result).read_bytes())
    sizes = json.loads((folder / 'size.json').read_text())
    assert sizes == {'board': 'esp32', 'flash': len(image.app_data), 'flash_room': 0x1B0000}
    about = json.loads((folder / 'built-from.json').read_text())
    assert about['esp-idf'] == '5.4'
    assert about['application'] == APP
    assert f'{len(image.app_data):,} bytes of' in output


def test_a_firmware_for_another_chip_is_not_taken(build, project):
    """The image that the stand-in has is for the ESP32."""
    status, output = build('BOARD=esp32c3')
    assert status != 0
    assert 'firmware.bin' in output
    assert 'Traceback' not in output
    assert not (project / 'build' / 'firmware' / 'esp32c3').exists()


def test_another_version_of_idf_is_said(build, project, tmp_path):
    (tmp_path / 'idf' / 'version.txt').write_text('v5.9\n')
    status, output = build('BOARD=esp32')
    assert 'supports ESP-IDF 5.2, 5.2.2, 5.3, 5.4, this is 5.9' in output
    assert status == 0, output
