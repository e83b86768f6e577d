"""The messages that the documentation quotes are those that the code prints.

What an application may see is provoked, on the runtimes that print it. Messages of the tools are
looked up in their code: `...` in a page stands for any words, as `{}` does in the code.
"""

import ast
import re
import socket
import subprocess
import sys

import pytest

import needs
from microdot_kit import runtimes

DOCS = runtimes.ROOT / 'docs'
TROUBLE = (DOCS / 'troubleshooting.md').read_text()
APP = 'from microdot import Microdot\napp = Microdot()\n'
START = APP + 'import asyncio\nasyncio.run(app.start_server('
ASK = """
import asyncio
from microdot.test_client import TestClient
asyncio.run(TestClient(app).get('/'))
"""
SESSION = 'from microdot.session import Session, with_session\n'
SAVE = """@with_session
async def f(request, session):
    session['a'] = 'x' * %d
    session.save()
"""
TEMPLATE = 'from microdot.utemplate import Template\n'
BOTH = ('cpython', 'micropython')

# Message: (the runtimes that print it, the program that makes them do so).
PROVOKED = {
    'MemoryError: memory allocation failed': (('micropython',), 'bytearray(10_000_000)'),
    "ImportError: no module named 'microdot'": (('micropython',), 'import microdot'),
    "ModuleNotFoundError: No module named 'microdot'": (('cpython',), 'import microdot'),
    "ImportError: no module named 'microdot.session'": (
        ('micropython',),
        "import sys\nsys.modules['microdot'] = sys\nimport microdot.session",
    ),
    'ImportError: sessions need PyJWT on CPython': (
        ('cpython',),
        "import sys\nsys.modules['jwt'] = None\n"
        + APP + SESSION + "Session(app, secret_key='x' * 32)\n@app.get('/')\n" + SAVE % 1 + ASK,
    ),
    'ImportError: microdot.jinja needs Jinja': (
        ('cpython',),
        "import sys\nsys.modules['jinja2'] = None\nimport microdot.jinja",
    ),
    'ValueError: invalid URL pattern': (
        BOTH,
        APP + "app.get('/<name>.txt')(print)\napp.run(port={port})",
    ),
    'ValueError: invalid URL segment type': (
        BOTH,
        APP + "app.get('/<date:day>')(print)\napp.run(port={port})",
    ),
    'OSError: [Errno 2] ENOENT': (('micropython',), APP + "app.static('/', 'nowhere')"),
    'FileNotFoundError': (('cpython',), APP + "app.static('/', 'nowhere')"),
    'OSError: [Errno 98] EADDRINUSE': (('micropython',), START + 'port={taken}))'),
    'address already in use': (('cpython',), START + 'port={taken}))'),
    'Port 5000: address already in use. Choose another: app.run(port=8080)': (
        BOTH,
        APP + 'app.run(port={taken})',
    ),
    'ValueError: invalid key': (
        ('micropython',),
        'import ssl\ncontext = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n'
        "context.load_cert_chain('{tls}/cert.pem', '{tls}/key.pem')",
    ),
    'TypeError: a handler returned (True,)': (
        BOTH,
        APP + "@app.get('/')\nasync def f(request):\n    return True\n" + ASK,
    ),
    'TypeError: object with buffer protocol required': (
        ('micropython',),
        APP + 'import asyncio\nasync def slow():\n    await asyncio.sleep(0)\n    yield 1\n'
        "@app.get('/')\nasync def f(request):\n    return slow()\n" + ASK,
    ),
    'f() takes 0 positional arguments': (
        BOTH,
        APP + "@app.get('/')\nasync def f():\n    return 'x'\n" + ASK,
    ),
    "unexpected keyword argument 'name'": (
        BOTH,
        APP + "@app.get('/<name>')\nasync def f(request):\n    return 'x'\n"
        + ASK.replace("'/'", "'/x'"),
    ),
    "AttributeError: 'G' object has no attribute 'current_user'": (
        BOTH,
        APP + "@app.get('/')\nasync def f(request):\n    return request.g.current_user\n" + ASK,
    ),
    'ValueError: dict update sequence has wrong length': (
        ('micropython',),
        APP + "@app.get('/')\nasync def f(request):\n    return dict(request.headers)\n" + ASK,
    ),
    'ValueError: session too large': (
        BOTH,
        APP + SESSION + "Session(app, secret_key='x' * 32)\n@app.get('/')\n" + SAVE % 5000 + ASK,
    ),
    'ValueError: the session has no secret key': (
        BOTH,
        APP + SESSION + "Session(app)\n@app.get('/')\n" + SAVE % 1 + ASK,
    ),
    'OSError: [Errno 2] ENOENT: no template templates/x.html': (
        ('micropython',),
        TEMPLATE + "Template('x.html')",
    ),
    'no template': (BOTH, TEMPLATE + "Template('x.html')"),
    'TemplateError: bad.html:2: args must come first': (BOTH, TEMPLATE + "Template('bad.html')"),
    "TypeError: unexpected keyword argument 'y'": (
        ('micropython',),
        TEMPLATE + "Template('good.html').render(y=1)",
    ),
}  # fmt: skip


def run(runtime, program, folder, with_framework):
    """Return what a program prints that is to fail, or to print a traceback."""
    (folder / 'program.py').write_text(program)
    paths = [runtimes.LIB] if with_framework else [folder / 'nowhere']
    env = runtimes.micropython_environment(*paths)
    command = [sys.executable, '-S'] if not with_framework else [sys.executable]
    if runtime == 'micropython':
        command = [needs.micropython(), '-X', f'heapsize={runtimes.HEAP}']
    return subprocess.run(
        [*command, 'program.py'],
        cwd=folder,
        env={**env, 'PYTHONPATH': str(paths[0])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    ).stdout


CASES = [(message, runtime) for message, (names, _) in PROVOKED.items() for runtime in names]


@pytest.mark.parametrize('message, runtime', CASES)
def test_message_of_an_application(message, runtime, tmp_path):
    (tmp_path / 'templates').mkdir()
    (tmp_path / 'templates/bad.html').write_text('a\n{% args x %}\n')
    (tmp_path / 'templates/good.html').write_text('{% args x %}\n{{ x }}\n')
    program = PROVOKED[message][1]
    with socket.socket() as taken, socket.socket() as free:
        for sock in (taken, free):
            sock.bind(('0.0.0.0', 0))
        taken.listen()
        places = {'taken': taken.getsockname()[1], 'port': free.getsockname()[1]}
        free.close()
        places['tls'] = runtimes.ROOT / 'tests' / 'core' / 'tls'
        for name, value in places.items():
            program = program.replace('{%s}' % name, str(value))
        output = run(runtime, program, tmp_path, program != 'import microdot')
    assert message in output.replace(str(places['taken']), '5000'), output


def test_all_exceptions_that_are_quoted_are_provoked():
    quoted = set(re.findall(r'`(\w+Error: [^`]+|FileNotFoundError)`', TROUBLE))
    assert quoted <= set(PROVOKED)
    for message in PROVOKED:
        assert f'`{message}' in TROUBLE, message


def test_mpremote_says_that_it_finds_no_board(tmp_path):
    try:
        from serial.tools import list_ports
    except ImportError:
        needs.missing('mpremote is not installed: make .venv/stamps/deploy')
    ports = list_ports.comports()
    if any(port.vid is not None for port in ports):
        pytest.skip('a board may be plugged in')
    command = [sys.executable, '-m', 'mpremote', 'exec', '1']
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    message = 'mpremote: no device found'
    assert message in ended.stderr + ended.stdout and f'`{message}`' in TROUBLE


def test_make_run_says_that_the_port_is_taken():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = runtimes.kit_command('run', '--port', port)
        ended = subprocess.run(
            [*command, runtimes.ROOT / 'examples/hello/hello.py'],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert f'`{ended.stderr.strip().replace(str(port), "5000")}`' in TROUBLE


# Messages of the tools

TABLES = (('deploying.md', 'Message'), ('esp32.md', 'It says'))
QUOTED_ELSEWHERE = (
    'No board found',
    '... is not yours to open',
    '... is busy',
)
ANY = '\0'


def literals():
    """The texts of the tools, as lists of words; ANY is in the place of a value."""
    for path in sorted((runtimes.ROOT / 'tools').rglob('*.py')):
        tree = ast.parse(path.read_text())
        parts = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                values = [v.value if isinstance(v, ast.Constant) else ANY for v in node.values]
                yield ''.join(values).split()
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                if id(node) not in parts:
                    yield re.sub('%[sdr]', ANY, node.value).split()


def end(word, message):
    """The word without the point or colon behind it, where a page leaves off."""
    return word.rstrip('.:,') if len(message) == 1 else word


def fits(message, text):
    """Whether the words of a message are those at the beginning of a text."""
    if not message:
        return True
    if message[0] == ANY:
        return any(fits(message[1:], text[n:]) for n in range(len(text) + 1))
    if not text:
        return False
    if ANY in text[0]:
        # A value: a number, a name, a path, but no plain word.
        pattern = '.*'.join(map(re.escape, end(text[0], message).split(ANY)))
        is_value = re.search(r'[^a-z]', message[0]) and re.fullmatch(pattern, message[0])
        return bool(is_value) and fits(message[1:], text[1:])
    return message[0] == end(text[0], message) and fits(message[1:], text[1:])


def rows(page, column):
    """The messages in the first cells of the table whose first column has that name."""
    lines = (DOCS / page).read_text().splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f'| {column} |'))
    for line in lines[start + 2 :]:
        if not line.startswith('|'):
            return
        yield from re.findall(r'`([^`]+)`', line.split(' | ')[0])


MESSAGES = [message for table in TABLES for message in rows(*table)] + list(QUOTED_ELSEWHERE)


@pytest.fixture(scope='module')
def texts():
    # What is nearly nothing but values would be like everything.
    return [words for words in literals() if sum(ANY not in word for word in words) >= 2]


@pytest.mark.parametrize('message', MESSAGES)
def test_message_of_the_tools(message, texts):
    words = re.sub(r'\.\.\.|…', f' {ANY} ', message).split()
    assert any(fits(words, text[n:]) for text in texts for n in range(len(text))), message


def test_messages_of_the_tools_are_told_apart(texts):
    for wrong in ('No port found', 'The firmware has no ROM', '... is bussy'):
        words = re.sub(r'\.\.\.', f' {ANY} ', wrong).split()
        assert not any(fits(words, text[n:]) for text in texts for n in range(len(text))), wrong
    for message in QUOTED_ELSEWHERE:
        assert f'`{message}`' in TROUBLE
