"""`make flasher`: the page in Chromium writes a real image into a stand-in of a chip, by its copy
of esp-web-tools and a `navigator.serial` that leads to the stand-in; nobody else is asked."""

import ast
import asyncio
import contextlib
import functools
import hashlib
import http.server
import json
import re
import socket
import subprocess
import sys
import threading
import time

import esp32s
import pytest
import websockets

import building
from browsing import Page, keep, overflow
from microdot_kit import boards, espimage
from microdot_kit import flasher as tool
from microdot_kit.steps import Failure

ROOT = building.ROOT
HELLO = ROOT / 'examples' / 'hello' / 'hello.py'
SECONDS = 120
# A port of the browser that is the WebSocket at an address.
SERIAL = """
class Port {
  getInfo() { return {usbVendorId: 0x10c4, usbProductId: 0xea60}; }
  async open() {
    const socket = this.socket = new WebSocket('%s');
    socket.binaryType = 'arraybuffer';
    await new Promise((done, failed) => { socket.onopen = done; socket.onerror = failed; });
    this.readable = new ReadableStream({start(control) {
      socket.onmessage = (event) => control.enqueue(new Uint8Array(event.data));
      socket.onclose = () => control.error(new DOMException('lost', 'NetworkError'));
    }});
    this.writable = new WritableStream({write(chunk) {
      if (socket.readyState != 1) throw new DOMException('lost', 'NetworkError');
      socket.send(chunk);
    }});
  }
  async close() {
    this.socket.onclose = null;
    this.socket.close();
    this.readable = this.writable = null;
  }
  async setSignals() {}
  async getSignals() { return {}; }
  addEventListener() {}
  removeEventListener() {}
}
Object.defineProperty(navigator, 'serial', {value: {
  requestPort: async () => new Port(), getPorts: async () => [],
  addEventListener() {}, removeEventListener() {},
}});
"""
DIALOG = """() => {
  const root = document.querySelector('ewt-install-dialog')?.shadowRoot;
  const message = root?.querySelector('ewt-page-message')?.label || '';
  return root ? `${root.textContent} ${message}`.replace(/\\s+/g, ' ') : '';
}"""


class Chip:
    """A stand-in of a chip behind a TCP port, and the WebSocket that leads to it."""

    def __init__(self):
        self.port = free_port()
        command = [sys.executable, '-c', esp32s.MOCK, 'run', '--chip', 'esp32']
        quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
        self.process = subprocess.Popen([*command, '--port', str(self.port)], **quiet)
        self.bytes = 0  # from the browser
        self.limit = None  # after which the cable is pulled
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.serve(),))
        self.thread.start()
        assert self.ready.wait(SECONDS)

    async def serve(self):
        self.end = asyncio.Event()
        async with websockets.serve(self.lead, '127.0.0.1', 0, max_size=None) as server:
            self.address = 'ws://127.0.0.1:%d' % server.sockets[0].getsockname()[1]
            self.ready.set()
            await self.end.wait()

    async def connect(self):
        for _ in range(200):
            with contextlib.suppress(OSError):
                return await asyncio.open_connection('127.0.0.1', self.port)
            await asyncio.sleep(0.1)
        raise AssertionError('the stand-in of a chip did not start')

    async def lead(self, client):
        reader, writer = await self.connect()
        down = asyncio.create_task(self.down(reader, client))
        try:
            async for message in client:
                self.bytes += len(message)
                if self.limit and self.bytes > self.limit:
                    break
                writer.write(message)
                await writer.drain()
        finally:
            down.cancel()
            writer.close()

    async def down(self, reader, client):
        while data := await reader.read(4096):
            await client.send(data)

    def esptool(self, *arguments):
        port = f'socket://127.0.0.1:{self.port}'
        command = [sys.executable, '-m', 'esptool', '--chip', 'esp32', '--port', port]
        command += ['--silent', *map(str, arguments)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.loop.call_soon_threadsafe(self.end.set)
        self.thread.join(SECONDS)
        self.loop.close()
        self.process.kill()
        self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Server:
    """What `make flasher SERVE=1` serves with."""

    def __init__(self, folder):
        handler = functools.partial(tool.Handler, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
        self.url = f'http://localhost:{self.server.server_port}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def make(*arguments):
    tool.make(tool.options([str(argument) for argument in arguments]))


@pytest.fixture(scope='module')
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp('apps') / 'Desk lamp'
    folder.mkdir()
    (folder / 'main.py').write_text("__version__ = '1.2'\n" + HELLO.read_text())
    return folder


@pytest.fixture(scope='module')
def uf2(tmp_path_factory):
    """A UF2 of one block, as a build of a Pico W leaves it."""
    path = tmp_path_factory.mktemp('built') / 'rpi_pico_w' / 'firmware.uf2'
    path.parent.mkdir()
    family = boards.find('rpi_pico_w')['uf2_family']
    head = [0x0A324655, 0x9E5D5157, 0x2000, 0x10000000, 256, 0, 1, family]
    path.write_bytes(b''.join(n.to_bytes(4, 'little') for n in head).ljust(512, b'\0'))
    return path


@pytest.fixture(scope='module')
def folder(app, uf2, tmp_path_factory):
    made = tmp_path_factory.mktemp('flasher') / 'page'
    make(app, '--base', esp32s.base(), '--uf2', uf2, '--output', made)
    return made


def test_what_is_in_the_folder(folder, uf2):
    names = {path.name for path in folder.iterdir()}
    image = 'desk-lamp-esp32.bin'
    assert names == {
        'index.html',
        'manifest.json',
        'esp-web-tools',
        'LICENSE-MicroPython.txt',
        'SHA256SUMS',
        image,
        'desk-lamp-rpi_pico_w.uf2',
    }
    manifest = json.loads((folder / 'manifest.json').read_text())
    assert (manifest['name'], manifest['version']) == ('Desk lamp', '1.2')
    (build,) = manifest['builds']
    assert build == {'chipFamily': 'ESP32', 'parts': [{'path': image, 'offset': 0x1000}]}
    assert espimage.read(folder / image).chip == 'ESP32'
    assert (folder / 'desk-lamp-rpi_pico_w.uf2').read_bytes() == uf2.read_bytes()
    for line in (folder / 'SHA256SUMS').read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert 'Apache License' in (folder / 'esp-web-tools' / 'LICENSE').read_text()


def setup_image(path):
    """The module of that name in an image, as a dictionary."""
    found = re.search(rb"NAME = ([^\n]*)\nVERSION = ('[^\n]*')\n", path.read_bytes())
    return ast.literal_eval(found[1].decode()), ast.literal_eval(found[2].decode())


def test_the_board_has_the_names_of_the_manifest(app, tmp_path):
    """By them esp-web-tools tells an update from an installation."""
    base = tmp_path / 'base.bin'
    base.write_bytes(esp32s.altered(esp32s.base().read_bytes(), esp32s.WITH_ROMFS))
    made = tmp_path / 'made'

    def names(app, *options):
        make(app, '--base', base, '--output', made, *options)
        manifest = json.loads((made / 'manifest.json').read_text())
        (image,) = made.glob('*.bin')
        assert setup_image(image) == (manifest['name'], manifest['version'])
        return setup_image(image)

    assert names(app) == ('Desk lamp', '1.2')
    assert names(app, '--name', "Lä'mp", '--version', '"3"') == ("Lä'mp", '"3"')
    other = tmp_path / 'other'
    other.mkdir()
    versions = set()
    for text in ('a = 1', 'a = 2'):
        (other / 'main.py').write_text(text + '\n' + HELLO.read_text())
        versions.add(names(other)[1])
    assert len(versions) == 2
    for option in ('--name', '--version'):
        with pytest.raises(Failure, match='too long'):
            make(app, '--base', base, option, 'ä' * 51, '--output', tmp_path / 'x')


def test_the_same_application_gives_the_same_folder(app, uf2, folder, tmp_path):
    make(app, '--base', esp32s.base(), '--uf2', uf2, '--output', tmp_path / 'again')
    for path in sorted(folder.rglob('*')):
        if path.is_file():
            assert (tmp_path / 'again' / path.relative_to(folder)).read_bytes() == path.read_bytes()


def test_text_of_an_application_is_escaped(app, uf2, tmp_path):
    make(app, '--uf2', uf2, '--name', '<b>&"', '--version', '<i>', '--output', tmp_path / 'page')
    text = (tmp_path / 'page' / 'index.html').read_text()
    assert '<b>' not in text and '<i>' not in text and '&lt;b&gt;&amp;&quot;' in text
    assert 'esp-web-install-button' not in text  # nothing for an ESP32 was given


def test_bad_input_is_refused(app, uf2, folder, tmp_path):
    text = tmp_path / 'text.uf2'
    text.write_text('no image')
    nowhere = tmp_path / 'firmware.uf2'
    nowhere.write_bytes(uf2.read_bytes())
    other = tmp_path / 'other'
    other.mkdir()
    (other / 'important').write_text('x')
    table = (
        (('--uf2', text), 'is no UF2'),
        (('--uf2', tmp_path / 'none.uf2'), 'no such file'),
        (('--uf2', nowhere), 'name the one in its folder'),
        (('--uf2', uf2, uf2), 'already'),
        (('--base', text), 'text.uf2'),
        (('--base', esp32s.base(), esp32s.base()), 'already'),
        (('--uf2', uf2, '--output', other), 'something else'),
        (('--serve', '99999'), 'SERVE=1 PORT=99999: a number from 1 to 65535 is needed'),
        (('--serve', 'abc'), 'SERVE=1 PORT=abc: a number'),
    )
    for arguments, said in table:
        if '--output' not in arguments:
            arguments += ('--output', tmp_path / 'x')
        with pytest.raises(Failure, match=re.escape(said)):
            make(app, *arguments)
        assert not (tmp_path / 'x').exists()
    assert (other / 'important').read_text() == 'x'


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [390, 1280])
def test_page(chromium, folder, width, scheme):
    with Page(chromium, Server(folder), width, color_scheme=scheme) as page:
        page.goto('/')
        page.get_by_role('heading', name='Desk lamp').wait_for()
        assert overflow(page) <= 0
        keep(page, f'flasher-{width}-{scheme}')


@contextlib.contextmanager
def dialog(chromium, folder, chip):
    """The page after a click on the button, with the chip connected; and what else was asked."""
    server, asked = Server(folder), []
    context = chromium.new_context(base_url=server.url)
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    page.add_init_script(SERIAL % chip.address)
    page.on('request', lambda request: asked.append(request.url))
    page.goto('/')
    page.get_by_role('button', name='Install Desk lamp').click()
    yield page
    context.close()
    assert {'/'.join(url.split('/')[:3]) for url in asked} == {server.url}


def install(page):
    dialog = page.locator('ewt-install-dialog')
    for label in ('Install Desk lamp', 'Next', 'Install'):
        dialog.get_by_text(label, exact=True).last.click()


def until(page, *words):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        said = page.evaluate(DIALOG)
        if any(word in said.lower() for word in words):
            return said
        page.wait_for_timeout(200)
    raise AssertionError(said)


def test_a_chip_is_flashed_from_the_page(chromium, folder, tmp_path):
    with Chip() as chip:
        with dialog(chromium, folder, chip) as page:
            install(page)
            assert 'complete' in until(page, 'complete', 'error', 'failed').lower()
        image = folder / 'desk-lamp-esp32.bin'
        chip.esptool('verify-flash', '0x1000', image)  # by the checksum that the chip makes
        read, size = tmp_path / 'read.bin', 0x20000
        start = image.stat().st_size - size
        chip.esptool('read-flash', hex(0x1000 + start), hex(size), read)
        assert read.read_bytes() == image.read_bytes()[start:]


def test_another_chip_is_refused(chromium, app, tmp_path):
    base = tmp_path / 'c3.bin'
    base.write_bytes(esp32s.altered(esp32s.base().read_bytes(), chip='ESP32-C3'))
    make(app, '--base', base, '--output', tmp_path / 'page')
    (build,) = json.loads((tmp_path / 'page' / 'manifest.json').read_text())['builds']
    assert build['chipFamily'] == 'ESP32-C3' and build['parts'][0]['offset'] == 0
    with Chip() as chip, dialog(chromium, tmp_path / 'page', chip) as page:
        install(page)
        assert 'esp32 board is not supported' in until(page, 'support', 'error', 'failed').lower()


def test_unplugged_in_the_middle(chromium, folder):
    with Chip() as chip, dialog(chromium, folder, chip) as page:
        chip.limit = 200_000
        install(page)
        said = until(page, 'complete', 'error', 'failed')
        assert 'complete' not in said.lower()
