"""The code of docs/static.md works as it is printed, on both runtimes."""

import inspect
import re
import subprocess
import sys

import pytest
import servers
from servers import ROOT

import needs
from microdot.static import Static

TEXT = (ROOT / 'docs' / 'static.md').read_text()
BLOCKS = re.findall('^```python\n(.*?)^```', TEXT, re.M | re.S)

ASK = """
import asyncio

from microdot import Microdot
{block}
from microdot.test_client import TestClient


async def main():
    client = TestClient(app)
    for path in {paths}:
        res = await client.get(path)
        print(path, res.status_code, res.headers.get('Cache-Control'), res.text)


asyncio.run(main())
"""

# for each block, paths and what is printed for them
ASKED = (
    {
        '/api/hello': '200 None {"hello": "world"}',
        '/': '200 None home',
        '/assets/a.js': '200 None script',
    },
    {
        '/': '200 max-age=0 home',
        '/assets/a.js': '200 max-age=31536000, immutable script',
    },
    {
        '/manuals/en/a.txt': '200 None manual',
        '/manuals/fr/a.txt': '404 None 404 error',
        '/manuals/en/../../web/index.html': '404 None Not found',
    },
    {
        '/': '200 None home',
        '/assets/a.js': '200 None script',
    },
)


@pytest.fixture
def folder(tmp_path):
    files = {'web/index.html': 'home', 'web/assets/a.js': 'script', 'manuals/en/a.txt': 'manual'}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (command,) = re.findall('^```sh\npython (.*?)\n```', TEXT, re.M | re.S)
    tool, *arguments = command.split()
    subprocess.run([sys.executable, ROOT / tool, *arguments], cwd=tmp_path, check=True, timeout=60)
    return tmp_path


@pytest.mark.parametrize('number', range(len(BLOCKS)))
def test_block(number, runtime, folder):
    asked = ASKED[number]
    script = folder / 'script.py'
    script.write_text(ASK.format(block=BLOCKS[number], paths=list(asked)))
    command = [sys.executable]
    if runtime == 'micropython':
        command = [needs.micropython(), '-X', 'heapsize=192K']
    printed = subprocess.check_output(
        [*command, script], cwd=folder, env=servers.environment(), text=True, timeout=60
    )
    printed = printed.replace('{"hello":"world"}', '{"hello": "world"}').splitlines()
    assert printed == [f'{path} {expected}' for path, expected in asked.items()]


def test_all_options_are_named():
    names = re.findall(r'^\| `(\w+)` \|', TEXT, re.M)
    parameters = inspect.signature(Static).parameters
    assert names == [name for name in parameters if name != 'source']
