"""The command `microdot-kit`: its subcommands, what it needs of a system, what it says."""

import functools
import re
import subprocess
import sys

import pytest

from microdot_kit import __main__ as kit
from microdot_kit import payload, runtimes, words

MODULES = sorted(path.stem for path in runtimes.KIT.glob('*.py'))
# What Windows has not.
POSIX = ('fcntl', 'grp', 'pty', 'pwd', 'readline', 'resource', 'syslog', 'termios', 'tty')
# The packages of others are there as they are here: their own code for Windows does not run here.
AS_ON_WINDOWS = """
import importlib, signal, sys
import esp_idf_defs.partitions, esptool.bin_image, esptool.reset, esptool.targets
import mpremote.main, mpremote.romfs, serial.tools.list_ports, watchfiles, zeroconf
for name in {posix!r}:
    sys.modules[name] = None
for name in dir(signal):
    if name.startswith('SIG') and name not in ('SIGABRT', 'SIGINT', 'SIGTERM'):
        delattr(signal, name)
sys.path.insert(0, {tools!r})
for module in {modules!r}:
    for name in [name for name in sys.modules if name.startswith('microdot_kit')]:
        del sys.modules[name]
    importlib.import_module('microdot_kit.' + module)
"""


def test_each_module_can_be_imported_on_windows():
    tools = str(runtimes.KIT.parent)
    code = AS_ON_WINDOWS.format(posix=POSIX, tools=tools, modules=MODULES)
    ended = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


@functools.cache
def help_of(name):
    command = runtimes.kit_command(name, '--help')
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize('name', kit.COMMANDS)
def test_each_subcommand_has_its_own_help(name):
    assert help_of(name).startswith(f'usage: microdot-kit {name} [-h]')


def test_the_help_lists_the_subcommands(capsys):
    with pytest.raises(SystemExit) as ended:
        kit.main(['--help'])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    for name, about in kit.COMMANDS.items():
        assert f'\n    {name}' in printed and about.split()[0] in printed


SAID = {
    'No board found. Plug one in, or name it: PORT=port': (
        'No board found. Plug one in, or name it: --port port'
    ),
    'Port 5000: address already in use. Choose another: make run PORT=8080': (
        'Port 5000: address already in use. Choose another: microdot-kit run --port 8080'
    ),
    'Next: make deploy BOARD=rpi_pico_w APP=folder': (
        'Next: microdot-kit deploy --board rpi_pico_w folder'
    ),
    'Next: make flash BOARD=esp32c3 IMAGE=build/a.bin': (
        'Next: microdot-kit flash esp32c3 --image build/a.bin'
    ),
    'make deploy URL=http://b.local UPDATE=a.mdu': (
        'microdot-kit send http://b.local --update a.mdu'
    ),
    'KEY=k: Permission denied. make keys makes a pair': (
        '--key k: Permission denied. microdot-kit keys makes a pair'
    ),
    'make firmware KEY=k': 'make firmware KEY=k',
    'make flasher SERVE=1 PORT=another': 'microdot-kit flasher --serve another',
    'watchfiles is not installed: make .venv/stamps/watch': (
        f'watchfiles is not installed: {runtimes.DEVICE}'
    ),
    'make firmware BOARD=rpi_pico': 'make firmware BOARD=rpi_pico',
    'without ROMFS=1, or make files smaller': 'without --romfs, or make files smaller',
    'BASE= is missing': 'BASE is missing',
    'VERSION= is needed, such as VERSION=1.2.3': '--version is needed, such as --version 1.2.3',
    'APP= is needed, a folder': 'APP is needed, a folder',
    'APP=: no main.py in there': 'APP: no main.py in there',
    'APP=./x: no main.py in there': './x: no main.py in there',
    'HOST=: not an address': '--host: not an address',
    'which update it signs, too (FILE=)': 'which update it signs, too (FILE)',
    'SIGNATURE=: neither DER nor': '--attach: neither DER nor',
    'or FIRMWARE=file': 'or --firmware file',
    'make update ... UNSIGNED=1 makes one': 'microdot-kit update ... --unsigned makes one',
    'say which with DRIVE=': 'say which with --drive',
    'HOSTNAME=x, SSID=y': 'HOSTNAME=x, SSID=y',
}


@pytest.mark.parametrize('text', SAID)
def test_messages_in_the_words_of_an_installed_command(text, monkeypatch):
    assert words.said(text) == text
    monkeypatch.setattr(runtimes, 'INSTALLED', True)
    assert words.said(text) == SAID[text]


@pytest.mark.parametrize('page', ['tutorial.md', 'howto/install.md'])
def test_commands_of_the_documentation(page):
    text = (runtimes.ROOT / 'docs' / page).read_text()
    named = set(re.findall(r'(?:^|`)microdot-kit ([a-z]+)', text, re.M))
    assert {'new', 'run', 'test', 'deploy'} <= named <= set(kit.COMMANDS)
    wheels = set(re.findall(r'microdot_kit-([^-]+)-py3-none-any.whl', text))
    assert wheels == {payload.version()}


def test_options_that_messages_name_exist():
    """Each option of the table is one of a subcommand."""
    helps = ''.join(map(help_of, (*words.TARGETS, 'send')))
    options = {word for own in words.OWN.values() for word in own.split() if word[:2] == '--'}
    assert options and all(option in helps for option in options)


def test_an_environment_of_another_python(monkeypatch, tmp_path):
    """What an upgraded Python leaves: packages that it does not look for any more."""
    for prefix, there, ends in (
        ('.venv', True, False),
        ('.venv', False, True),
        ('usr', False, False),
    ):
        monkeypatch.setattr(sys, 'prefix', str(tmp_path / prefix))
        folder = tmp_path if there else tmp_path / 'nosuch'
        monkeypatch.setattr(runtimes.sysconfig, 'get_path', lambda name, folder=folder: str(folder))
        if ends:
            with pytest.raises(SystemExit, match='was made by another version of Python than'):
                runtimes.check_python()
        else:
            runtimes.check_python()


def test_no_such_subcommand(capsys):
    with pytest.raises(SystemExit) as ended:
        kit.main(['fly'])
    assert ended.value.code == 2
    assert "invalid choice: 'fly' (choose from" in capsys.readouterr().err


def run(code):
    """Run Python that finds the package, and return its exit status and what it printed."""
    ended = subprocess.run(
        [sys.executable, '-c', code], cwd=runtimes.KIT.parent, capture_output=True, text=True
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_a_subcommand_imports_nothing_of_the_others():
    code = 'import sys\nfrom microdot_kit import __main__ as kit\n'
    code += 'try: kit.main(["run", "--help"])\nexcept SystemExit: pass\n'
    code += 'print([name for name in sys.modules if name.startswith(("serial", "mpremote"))])'
    status, printed, _ = run(code)
    assert status == 0
    assert printed.splitlines()[-1] == '[]'


def test_what_a_subcommand_lacks_is_said_in_one_line():
    code = 'import sys\nsys.modules["mpremote"] = None\n'
    code += 'from microdot_kit import __main__ as kit\nkit.main(["deploy", "app"])'
    assert run(code) == (1, '', 'mpremote is not installed: make .venv/stamps/deploy\n')
