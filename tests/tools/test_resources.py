"""microdot-kit resources: the modules it makes of files, on both runtimes, and what it refuses."""

import gzip
import os
import subprocess
import sys

import pytest

import needs
from measure import server
from microdot_kit import runtimes

TOOL = runtimes.kit_command('resources')
PAGE = b'<p>page</p>\n' * 50
FILES = {
    'index.html': PAGE,
    'css/site.css': b"a { content: '\\' }\r\n",
    'data.bin': bytes(range(256)) * 3,
    'empty.txt': b'',
    'lines.txt': b'\\\n' * 300,
    'sub/\u00fc b.txt': b'x',
}
HIDDEN = ('.hidden', '.git/config', 'sub/.DS_Store')


def pack(*arguments):
    """Run the tool; return its exit status, what it printed, and its lines on stderr."""
    ended = subprocess.run(
        [*TOOL, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert 'Traceback' not in ended.stderr
    return ended.returncode, ended.stdout, ended.stderr.splitlines()


def fill(folder, files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.fixture
def web(tmp_path):
    """A folder with the files, and some that are to be left out."""
    folder = tmp_path / 'web'
    fill(folder, FILES)
    fill(folder, dict.fromkeys(HIDDEN, b'hidden'))
    return folder


def packed(output):
    """FILES of a module, as a dictionary by name."""
    names = {}
    exec(output.read_text(encoding='utf-8'), names)
    rows = names['FILES']
    assert [row[0] for row in rows] == sorted(FILES)
    return {name: (tag, data, variant) for name, tag, data, variant in rows}


def test_contents(web):
    output = web.parent / 'resources.py'
    status, printed, lines = pack(web, output)
    rows = packed(output)
    size = sum(len(data) + len(variant or b'') for _, data, variant in rows.values())
    assert (status, printed, lines) == (0, f'{output}: 6 files, {size} bytes\n', [])
    for name, (_, data, variant) in rows.items():
        assert data == FILES[name], name
        if variant is not None:
            assert gzip.decompress(variant) == data and len(variant) <= len(data) * 0.9, name
    assert [name for name in rows if rows[name][2]] == ['data.bin', 'index.html', 'lines.txt']
    assert len({tag for tag, _, _ in rows.values()}) == len(FILES)
    assert max(map(len, output.read_text(encoding='utf-8').splitlines())) <= 100


@pytest.mark.parametrize('variants', ['only', 'never'])
def test_variants(web, variants):
    output = web.parent / 'resources.py'
    assert pack('--gzip', variants, web, output)[0] == 0
    _, data, variant = packed(output)['index.html']
    if variants == 'only':
        assert data is None and gzip.decompress(variant) == PAGE
    else:
        assert data == PAGE and variant is None


def test_same_files_same_bytes(web):
    first, again = web.parent / 'first.py', web.parent / 'again.py'
    assert pack(web, first)[0] == 0
    for path in web.rglob('*'):
        os.utime(path, (1, 1))
    assert pack(web, again)[0] == 0
    assert first.read_bytes() == again.read_bytes()
    tag = packed(first)['index.html'][0]
    (web / 'index.html').write_bytes(PAGE[:-2] + b'!\n')
    assert pack(web, first)[0] == 0
    assert packed(first)['index.html'][0] != tag
    assert sorted(path.name for path in web.parent.iterdir()) == ['again.py', 'first.py', 'web']


def folder_as_module(web):
    (web.parent / 'resources.py').mkdir()
    return web, web.parent / 'resources.py'


def written_by_hand(web):
    (web.parent / 'main.py').write_text('')
    return web, web.parent / 'main.py'


def strange_name(web):
    fill(web, {'a\\b.txt': b''})
    return web, web.parent / 'resources.py'


def undecodable_name(web):
    with open(os.fsencode(web) + b'/\xff.txt', 'wb'):
        pass
    return web, web.parent / 'resources.py'


# what is given to the tool, what its line says
BAD = (
    (lambda web: (web / 'none', web.parent / 'resources.py'), 'no such directory'),
    (lambda web: (web / 'index.html', web.parent / 'resources.py'), 'no such directory'),
    (lambda web: (web / '.git', web.parent / 'resources.txt'), 'a name such as resources.py'),
    (lambda web: (web, web.parent / 'my-files.py'), 'a name such as resources.py'),
    (lambda web: (web, web.parent / 'none' / 'resources.py'), 'there is no directory for it'),
    (lambda web: (web, web / 'resources.py'), 'choose another directory'),
    (folder_as_module, 'there is no directory for it, or it is one'),
    (written_by_hand, 'choose another name'),
    (strange_name, 'rename it'),
    (undecodable_name, 'rename it'),
)


@pytest.mark.parametrize('prepare, message', BAD)
def test_bad_arguments(web, prepare, message):
    directory, output = prepare(web)
    before = sorted(web.parent.rglob('*'))
    status, printed, lines = pack(directory, output)
    assert (status, printed, len(lines)) == (2, '', 1), lines
    assert message in lines[0]
    assert sorted(web.parent.rglob('*')) == before


def test_an_empty_directory(tmp_path):
    (tmp_path / 'empty').mkdir()
    fill(tmp_path / 'empty', dict.fromkeys(HIDDEN, b'hidden'))
    status, _, lines = pack(tmp_path / 'empty', tmp_path / 'resources.py')
    assert (status, len(lines)) == (2, 1) and 'no files' in lines[0]
    assert not (tmp_path / 'resources.py').exists()


SERVE = """
import asyncio, web_resources
from microdot import Microdot
from microdot.test_client import TestClient
app = Microdot()
app.static('/', web_resources)
async def main():
    client = TestClient(app)
    plain = await client.get('/')
    packed = await client.get('/', {'Accept-Encoding': 'gzip'})
    data = await client.get('/data.bin', {'Range': 'bytes=250-260'})
    print(len(plain.body), plain.headers['Content-Type'], packed.headers['Content-Encoding'])
    print(packed.body[:2], data.status_code, list(data.body))
asyncio.run(main())
"""


@pytest.mark.parametrize('runtime', ['cpython', 'micropython'])
def test_served(web, runtime, micropython):
    assert pack(web, web.parent / 'web_resources.py')[0] == 0
    command = [sys.executable]
    environment = runtimes.micropython_environment(web.parent, runtimes.LIB)
    environment['PYTHONPATH'] = f'{web.parent}:{runtimes.LIB}'
    if runtime == 'micropython':
        command = [micropython, '-X', 'heapsize=192K']
    printed = subprocess.check_output(
        [*command, '-c', SERVE], env=environment, text=True, timeout=60
    )
    ranged = [250, 251, 252, 253, 254, 255, 0, 1, 2, 3, 4]
    assert printed.splitlines() == [
        '600 text/html; charset=UTF-8 gzip',
        f"b'\\x1f\\x8b' 206 {ranged}",
    ]


IN_ROMFS = r"""
import gc, sys, vfs
def number(value):
    data = bytes([value & 127])
    while value > 127:
        value >>= 7
        data = bytes([value & 127 | 128]) + data
    return data
def record(kind, data):
    return number(kind) + number(len(data)) + data
with open(sys.argv[1], 'rb') as f:
    image = record(2, f.read())
image = record(5, number(17) + b'web_resources.mpy' + image)
vfs.mount(vfs.VfsRom(b'\xd2\xcd\x31' + number(len(image)) + image), '/rom')
sys.path.insert(0, '/rom')
gc.collect()
before = gc.mem_alloc()
import web_resources
gc.collect()
print(len(web_resources.FILES[0][2]), gc.mem_alloc() - before)
"""


def test_contents_stay_in_flash(tmp_path, micropython):
    """Constants of a module in ROMFS, as of a frozen one, are used where they are."""
    try:
        mpy_cross = server.find_mpy_cross()
    except server.Missing as error:
        needs.missing(str(error))
    fill(tmp_path / 'web', {'data.bin': os.urandom(50000)})
    module, script = tmp_path / 'web_resources.py', tmp_path / 'script.py'
    assert pack(tmp_path / 'web', module)[0] == 0
    subprocess.run([mpy_cross, module], check=True, timeout=60)
    script.write_text(IN_ROMFS)
    printed = subprocess.check_output(
        [micropython, script, module.with_suffix('.mpy')], text=True, timeout=60
    )
    size, kept = map(int, printed.split())
    assert size == 50000 and kept < 2000
