"""What the tests of `make deploy` share: an application, and how it gets onto a stand-in board."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from microdot_kit import deploy as tool
from microdot_kit import device as devices
from microdot_kit import runtimes

DEADLINE = 300
MAIN = """
from microdot import Microdot
from microdot.utemplate import Template
import parts

Template.initialize('templates')
app = Microdot()


@app.get('/')
def index(request):
    return Template('page.html').render(parts.name, VERSION)


app.static('/', 'static')
app.run('127.0.0.1', PORT, debug=True)
"""
STYLE = 'body { color: teal }\n'
WALK = """
def _walk(folder):
    for entry in os.ilistdir(folder):
        name = folder + entry[0]
        if name == '/rom': continue
        if entry[1] & 0x4000: _walk(name + '/')
        else: print(name)
_walk('/')
"""


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


def write(folder, version=1):
    """An application that serves on a free port; return its folder."""
    files = {
        'main.py': MAIN.replace('PORT', str(free_port())).replace('VERSION', str(version)),
        'parts.py': f"name = 'part {version}'\n",
        'static/style.css': STYLE,
        'templates/page.html': '{% args a, b %}\n{{ a }}, {{ b }}\n',
        'README.md': 'not for the board',
        'requirements.txt': 'not for the board',
        'tests/test_main.py': '',
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


APPLICATION = {'/main.py', '/parts.mpy', '/static/style.css', '/templates/page_html.mpy'}


def deploy(board, app, *options, root=runtimes.ROOT):
    """Run microdot-kit deploy and return its exit status and all that it printed."""
    port = board if isinstance(board, str) else board.port
    command = [
        sys.executable,
        str(root / 'tools' / 'microdot_kit'),
        'deploy',
        str(app),
        '--port',
        port,
    ]
    ended = subprocess.run(
        [*command, '--watch', '60', *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
    )
    return ended.returncode, ended.stdout


def deployed_here(port, app, *options):
    """The same in this process, for what a test changes in it."""
    arguments = [str(app), '--port', port, '--watch', '60', *options]
    return devices.exit_status(tool.deploy, tool.options(arguments))


def refused(status, output, message):
    """Whether a deployment has failed and the last line says why."""
    return status == 1 and message in output.splitlines()[-1]


def get(output, path='/'):
    """The body at a path of the URL that was printed last."""
    url = output.splitlines()[-1].removeprefix('Serving: ')
    assert url.startswith('http://127.0.0.1:'), output
    end = time.monotonic() + DEADLINE
    while True:  # the line that the framework prints comes just before it listens
        try:
            with urllib.request.urlopen(url + path, timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.URLError:
            assert time.monotonic() < end, f'nothing answers at {url}'
            time.sleep(0.05)


def files_on(board):
    with devices.Device(board.port) as device:
        return set(device.run(WALK).split())
