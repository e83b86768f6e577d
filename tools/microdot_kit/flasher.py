"""Makes a page that installs an application from a browser: what `make flasher` calls.

    microdot-kit flasher APP [--base FILE ...] [--uf2 FILE ...] [--name TEXT] [--version TEXT]
                          [--output FOLDER] [--serve PORT]

The folder, build/flasher/NAME, goes onto any web server as it is:

- `index.html`: the page. A click on it installs the image of whichever ESP32 is connected
  (Chrome, Edge, Opera: Web Serial); for a Pico it has a file to copy and says how
- `manifest.json`: what there is for which chip, for esp-web-tools
- `esp-web-tools/`: that package as npm has it, pinned, with its licence: no other host is asked
- the images, each with the application in it: made of BASE files as `make image` does, of
  MicroPython's own image for the ESP32 if none is given; UF2 files as `make firmware` made them
- `LICENSE-MicroPython.txt`, `SHA256SUMS`
"""

import argparse
import functools
import hashlib
import html
import http.server
import importlib.metadata
import json
import re
import string
import subprocess
import tarfile
import time
from pathlib import Path

from microdot_kit import application, boards, espimage, image, nodejs, payload, runtimes, stock
from microdot_kit.device import exit_status, say
from microdot_kit.steps import BUILD, Failure, alone, replace, write

FOLDER = BUILD / 'flasher'
PAGE = Path(__file__).with_suffix('.html')
MANIFEST = 'manifest.json'
SUMS = 'SHA256SUMS'
TOOLS = 'esp-web-tools'
TOOLS_VERSION = '10.4.0'
TOOLS_SHA256 = 'f18da75335d2f0dca044c4bb052848c0696e7b03cc23d61d8530dd6eba0a9008'
IMPROV_SECONDS = 15  # that the page waits, after installing, for the board to ask for its Wi-Fi
FILE_NAME = re.compile(r'[^a-z0-9.-]+')
UF2_BLOCK, UF2_MAGIC, UF2_HAS_FAMILY = 512, b'UF2\n', 0x2000
INSTALL = """
<section>
<h2>ESP32</h2>
<p>Connect the board by a USB cable that carries data, then:</p>
<esp-web-install-button manifest="manifest.json">
<button slot="activate">Install $name</button>
<span slot="unsupported">This browser cannot reach USB ports: take Chrome, Edge or Opera on a
computer.</span>
<span slot="not-allowed">A page may reach USB ports only over HTTPS or on localhost.</span>
</esp-web-install-button>
<p>For $chips. If no port is shown, hold the button BOOT while you plug the board in. What the
board has on it is replaced.</p>
</section>
"""
COPY = """
<section>
<h2>$title</h2>
<ol class="steps">
<li><svg viewBox="0 0 120 64" aria-hidden="true"><rect x="34" y="14" width="80" height="36" rx="4"/>
<rect x="22" y="24" width="14" height="16"/><circle cx="54" cy="26" r="5" class="on"/>
<path d="M4 32h18"/></svg>Hold the button BOOTSEL while you plug the board into the computer.</li>
<li><svg viewBox="0 0 120 64" aria-hidden="true"><path d="M18 8h20l8 8v32H18z"/>
<path d="M54 32h20m-7-7 7 7-7 7" class="on"/><rect x="82" y="18" width="32" height="28" rx="4"/>
<path d="M88 38h12"/></svg>Copy <a href="$file" download>$file</a> onto the drive that appears
($drive).</li>
<li><svg viewBox="0 0 120 64" aria-hidden="true"><rect x="34" y="14" width="80" height="36" rx="4"/>
<rect x="22" y="24" width="14" height="16"/><path d="m62 32 8 8 16-16" class="on"/>
<path d="M4 32h18"/></svg>The drive disappears: the board has started with $name.</li>
</ol>
</section>
"""
DRIVES = {'RP2040': 'RPI-RP2', 'RP2350': 'RP2350'}


def options(arguments):
    parser = argparse.ArgumentParser(
        prog='microdot-kit flasher', description='Make a page that installs.'
    )
    parser.add_argument('app', metavar='APP', help='a folder with main.py, or the main file')
    parser.add_argument('--base', type=Path, nargs='*', default=[], help='images of MicroPython')
    parser.add_argument('--uf2', type=Path, nargs='*', default=[], help='built firmware for Picos')
    parser.add_argument('--name', default='', help="of the application; its folder's by default")
    parser.add_argument('--version', default='', help='its __version__ by default')
    parser.add_argument('--flash', default='', metavar='SIZE', help='of the boards, such as 8MB')
    parser.add_argument('--output', type=Path, metavar='FOLDER')
    parser.add_argument('--serve', default='', metavar='PORT', help='and serve it on localhost')
    return parser.parse_args(arguments)


def add_tools(folder):
    """Put esp-web-tools into a folder, with its licence. Failure if npm cannot fetch it."""
    cache = runtimes.cache() / 'cache' / TOOLS
    archive = cache / f'{TOOLS}-{TOOLS_VERSION}.tgz'
    if not archive.exists():
        with alone(cache.with_suffix('.lock'), 'download'):
            _, npm = nodejs.find(cache)
            cache.mkdir(parents=True, exist_ok=True)
            command = [*npm, 'pack', '--silent', f'{TOOLS}@{TOOLS_VERSION}']
            ended = subprocess.run(command, cwd=cache, capture_output=True, text=True)
            if ended.returncode:
                raise Failure(f'npm could not fetch {TOOLS} {TOOLS_VERSION}: {ended.stderr[-200:]}')
    if digest(archive.read_bytes()) != TOOLS_SHA256:
        archive.unlink()
        raise Failure(f'{TOOLS} {TOOLS_VERSION} is not what was pinned: try again')
    target = folder / TOOLS
    target.mkdir()
    with tarfile.open(archive) as packed:
        for member in packed.getmembers():
            name = member.name.removeprefix('package/')
            if name == 'LICENSE' or (name.startswith('dist/web/') and name.endswith('.js')):
                (target / Path(name).name).write_bytes(packed.extractfile(member).read())


def add_images(folder, chosen, bases, stem, about):
    """Compose an image of each base; return the builds of a manifest, one for each chip.

    A board tells programs its `about`, name and version. If they are those of the manifest, a
    browser offers an update instead of an installation.
    """
    builds = {}
    for path in bases:
        stocked = espimage.read(path)
        if stocked.chip in builds:
            raise Failure(f'{path.name}: there is an image for {stocked.chip} already')
        image.check(stocked, '')
        say(f'Putting the framework and the application into {stocked.name}')
        name = f'{stem}-{stocked.chip.replace("-", "").lower()}.bin'
        setup = stocked.version >= payload.STARTER  # the first that opens a set-up page
        data = image.compose(stocked, chosen.app, flash=chosen.flash, setup=setup, about=about)[0]
        (folder / name).write_bytes(data)
        part = {'path': name, 'offset': stocked.offset}
        builds[stocked.chip] = {'chipFamily': stocked.chip, 'parts': [part]}
    return list(builds.values())


def add_uf2(folder, paths, stem):
    """Copy built firmware for Picos; return {name of the file: facts of its board}."""
    found = {}
    for path in paths:
        board, facts = board_of(path)
        name = f'{stem}-{board}.uf2'
        if name in found:
            raise Failure(f'{path}: there is one for {facts["title"]} already')
        (folder / name).write_bytes(path.read_bytes())
        found[name] = facts
    return found


def board_of(path):
    """The name and the facts of the board that a UF2 is for. Failure if it is no UF2 of ours.

    Several boards have the same chip: then the folder it was built in tells, build/firmware/BOARD.
    """
    try:
        head = path.read_bytes()[:UF2_BLOCK]
    except OSError as error:
        raise Failure(f'{path}: {error.strerror}') from None
    flags = int.from_bytes(head[8:12], 'little')
    if len(head) < UF2_BLOCK or head[:4] != UF2_MAGIC or not flags & UF2_HAS_FAMILY:
        raise Failure(f'{path}: is no UF2: build one by make firmware BOARD=rpi_pico_w')
    family = int.from_bytes(head[28:32], 'little')
    known = {name: facts for name, facts in boards.read().items() if 'uf2_family' in facts}
    chosen = [name for name, facts in known.items() if facts['uf2_family'] == family]
    if path.parent.name in chosen:
        chosen = [path.parent.name]
    if len(chosen) != 1:
        names = ', '.join(chosen) or 'no board of ours'
        raise Failure(f'{path}: is for {names}: name the one in its folder, build/firmware/BOARD')
    return chosen[0], known[chosen[0]]


def digest(data):
    return hashlib.sha256(data).hexdigest()


def fill(text, **values):
    escaped = {key: html.escape(str(value)) for key, value in values.items()}
    return string.Template(text).substitute(escaped)


def page(name, version, builds, picos, sums):
    """The text of index.html."""
    sections = ''
    if builds:
        chips = ' and '.join(build['chipFamily'] for build in builds)
        sections += fill(INSTALL, name=name, chips=chips)
    for file, facts in picos.items():
        drive = DRIVES[facts['chip']]
        sections += fill(COPY, title=facts['title'], file=file, drive=drive, name=name)
    values = {'name': html.escape(name), 'version': html.escape(version)}
    values.update(sections=sections, sums=html.escape(sums))
    return string.Template(PAGE.read_text()).substitute(values)


def license_text():
    """MicroPython's licence, as its own mpremote comes with it."""
    files = importlib.metadata.files('mpremote')
    return next(file for file in files if file.name == 'LICENSE').read_text()


def fill_folder(folder, chosen, name, version):
    """Put everything into an empty folder; return the version."""
    stem = FILE_NAME.sub('-', name.lower()).strip('-.') or 'app'
    bases = chosen.base or ([] if chosen.uf2 else [stock.image()])
    version = version or version_of(chosen, bases)
    builds = add_images(folder, chosen, bases, stem, (name, version))
    picos = add_uf2(folder, chosen.uf2, stem)
    lines = [f'{digest(path.read_bytes())}  {path.name}\n' for path in sorted(folder.iterdir())]
    manifest = {
        'name': name,
        'version': version,
        'new_install_prompt_erase': True,
        'new_install_improv_wait_time': IMPROV_SECONDS,
        'builds': builds,
    }
    if builds:
        add_tools(folder)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + '\n')
    (folder / 'LICENSE-MicroPython.txt').write_text(license_text())
    write(folder / 'index.html', page(name, version, builds, picos, ''.join(lines)))
    (folder / SUMS).write_text(''.join(lines))
    return version


def version_of(chosen, bases):
    """For an application without a version, what changes with any file that is installed."""
    files = {**payload.app_files(chosen.app), **payload.framework()}
    lines = [f'{name} {digest(data)}\n' for name, data in sorted(files.items())]
    lines += [digest(path.read_bytes()) for path in (*bases, *chosen.uf2) if path.is_file()]
    return digest(''.join(lines).encode())[:8]


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def serve(folder, port):
    handler = functools.partial(Handler, directory=str(folder))
    try:
        server = http.server.ThreadingHTTPServer(('127.0.0.1', port), handler)
    except OSError as error:
        raise Failure(f'Port {port}: {error.strerror}: make flasher SERVE=1 PORT=another') from None
    say(f'Open http://localhost:{server.server_port} in Chrome, Edge or Opera; Ctrl-C ends it')
    say('On another host the page needs HTTPS: browsers give no USB ports to a page without')
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


def check_port(text):
    if not (text.isdigit() and 0 < int(text) < 65536):
        raise Failure(f'SERVE=1 PORT={text}: a number from 1 to 65535 is needed')


def make(chosen):
    if chosen.serve:
        check_port(chosen.serve)
    for path in (*chosen.base, *chosen.uf2):
        if not path.is_file():
            raise Failure(f'{path}: no such file')
    main = payload.main_file(chosen.app)
    name, version = application.about(main, chosen.name, chosen.version)
    default = FOLDER / (FILE_NAME.sub('-', name.lower()).strip('-.') or 'app')
    folder = (chosen.output or default).resolve()
    began = time.monotonic()
    version = replace(folder, SUMS, lambda new: fill_folder(new, chosen, name, version))
    say(f'{runtimes.shown(folder)}: {name} {version}, {time.monotonic() - began:.0f} s')
    if not chosen.serve:
        say('Put it onto a web server with HTTPS, or see it here: make flasher SERVE=1')
    else:
        serve(folder, int(chosen.serve))


def main(arguments):
    return exit_status(make, options(arguments))
