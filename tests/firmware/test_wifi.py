"""Boards with Wi-Fi, on MicroPython with stand-ins for the radio, the watchdog and the time."""

import json
import re
import signal
import subprocess

import pytest

import runtimes

HERE = runtimes.ROOT / 'tests' / 'firmware'
MODULES = runtimes.ROOT / 'boards' / 'modules'
FOLDERS = HERE, HERE.parent / 'core', MODULES, MODULES / 'wifi', runtimes.LIB
CASES = (HERE / 'wifi_cases.py').read_text()
DOCUMENTED = (runtimes.ROOT / 'docs' / 'wifi.md').read_text()
HELPERS = {'run', 'drive', 'joined', 'see', 'begin', 'wait', 'interrupted', 'sleep'}
NAMES = [name for name in re.findall(r'^def (\w+)', CASES, re.M) if name not in HELPERS]


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


@pytest.mark.parametrize('chip', ['esp32', 'rp2'])
@pytest.mark.parametrize('name', NAMES)
def test_wifi(tmp_path, chip, name):
    (tmp_path / 'fs').mkdir()
    script = f'import wifi_cases; wifi_cases.run({chip!r}, {name!r})'
    with micropython('-c', script, folder=tmp_path) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output


def test_ctrl_c_leaves_the_prompt(tmp_path):
    settings = {'ssid': 'home', 'password': 'secret-of-home', 'watchdog': True}
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
    assert output.splitlines() == ['Network: 192.168.1.23', str(log)], output


def test_the_documented_boot(tmp_path):
    boot = re.search(r'^    import startup\n    startup.*\n', DOCUMENTED, re.M).group()
    (tmp_path / 'boot.py').write_text(boot.replace('    ', ''))
    (tmp_path / 'main.py').write_text(APPLICATION.replace('100', '3'))
    (tmp_path / 'network.json').write_text('{"ssid": "home", "password": "secret-of-home"}')
    script = START + 'import boot\nradio.air.clear()\nimport main'
    with micropython('-c', script, folder=tmp_path) as process:
        output, _ = process.communicate(timeout=60)
    lines = ['Network: 192.168.1.23', 'serving', 'Network: not joined']
    assert output.splitlines() == lines, output
