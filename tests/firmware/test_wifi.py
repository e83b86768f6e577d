"""Boards with Wi-Fi, on MicroPython with stand-ins for the radio, the watchdog and the time."""

import json
import re
import signal
import subprocess

import pytest

from microdot_kit import runtimes

HERE = runtimes.ROOT / 'tests' / 'firmware'
MODULES = runtimes.ROOT / 'boards' / 'modules'
FOLDERS = HERE, HERE.parent / 'core', MODULES, MODULES / 'wifi', runtimes.LIB
DOCUMENTED = (runtimes.ROOT / 'docs' / 'wifi.md').read_text()
MODULES_OF_CASES = ('wifi_cases', 'wifi_boot_cases', 'wifi_setup_cases', 'wifi_page_cases')
MODULES_OF_CASES += ('wifi_cut_cases', 'wifi_improv_cases')
HELPERS = {'run', 'drive', 'joined', 'see', 'begin', 'wait', 'interrupted', 'sleep'}
HELPERS |= {'start', 'page', 'saved', 'told', 'attempt', 'fast', 'get', 'served'}
HELPERS |= {'say', 'answers'}
HELPERS |= {'formatted', 'write', 'with_files', 'at_each_operation'}
CASES = [
    (module, name)
    for module in MODULES_OF_CASES
    for name in re.findall(r'^def (\w+)', (HERE / f'{module}.py').read_text(), re.M)
    if name not in HELPERS
]


APPLICATION = """
import asyncio

async def main():
    await asyncio.sleep(0.1)
    print('serving')
    await asyncio.sleep(100)

asyncio.run(main())
"""
START = """
import wifi_standins
radio = wifi_standins.install('rp2', wifi_standins.WallClock())
radio.air['home'] = 'secret-of-home'
wifi_standins.JOIN = 0
import startup
startup.FOLDERS = ('.',)
"""


def micropython(*arguments, folder):
    return subprocess.Popen(
        [*runtimes.micropython_command('1M'), *arguments],
        cwd=folder,
        env=runtimes.micropython_environment(*FOLDERS),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize('chip', ['esp32', 'rp2', 'rp2-old'])
@pytest.mark.parametrize(('module', 'name'), CASES)
def test_wifi(tmp_path, chip, module, name):
    (tmp_path / 'fs').mkdir()
    script = f'import {module}; {module}.run({chip!r}, {name!r})'
    with micropython('-c', script, folder=tmp_path) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output


def test_ctrl_c_leaves_the_prompt(tmp_path):
    settings = {'ssid': 'home', 'password': 'secret-of-home', 'watchdog': True}
    settings['improv'] = False  # on the unix port a Ctrl-C would then end the process
    (tmp_path / 'network.json').write_text(json.dumps(settings))
    (tmp_path / 'main.py').write_text(APPLICATION)
    with micropython('-i', '-c', START + 'startup.run()', folder=tmp_path) as process:
        assert 'serving\n' in iter(process.stdout.readline, '')
        process.send_signal(signal.SIGINT)
        asked = 'print(6 * 7, radio.station.isconnected(), len(radio.dogs), len(radio.timers))\n'
        output, _ = process.communicate(asked, timeout=60)
    assert 'KeyboardInterrupt' in output and '42 True 1 1' in output, output


def test_the_documented_settings(tmp_path):
    (example,) = re.findall('^```json\n(.*?)^```', DOCUMENTED, re.M | re.S)
    settings = json.loads(example)
    script = START.replace('secret-of-home', settings['password'])
    script += f'startup.join({settings!r})\nprint(radio.log[:2])'
    with micropython('-c', script, folder=tmp_path) as process:
        output, _ = process.communicate(timeout=60)
    log = [('hostname', settings['hostname']), ('country', settings['country'])]
    assert output.splitlines() == ['Network: 192.168.1.23 (desk.local)', str(log)], output


def test_the_documented_boot(tmp_path):
    boot = re.search(r'^    import startup\n    startup.*\n', DOCUMENTED, re.M).group()
    (tmp_path / 'boot.py').write_text(boot.replace('    ', ''))
    (tmp_path / 'main.py').write_text(APPLICATION.replace('100', '3'))
    (tmp_path / 'network.json').write_text('{"ssid": "home", "password": "secret-of-home"}')
    script = START + 'import boot\nradio.air.clear()\nimport main'
    with micropython('-c', script, folder=tmp_path) as process:
        output, _ = process.communicate(timeout=60)
    lines = ['Network: 192.168.1.23 (microdot-1a2b.local)', 'serving', 'Network: not joined']
    assert output.splitlines() == lines, output
