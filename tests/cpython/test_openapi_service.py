"""A described service, on the framework's own server and uvicorn, as other people's tools see it.

`hosted/rooms.py` is the service. openapi-spec-validator checks its document, schemathesis sends it
what the document allows and what it does not, and a client made by openapi-python-client uses it.
"""

import contextlib
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hosted import hosting

import needs

try:
    import httpx
    from openapi_spec_validator import validate
except ImportError as exc:
    if needs.in_ci():
        raise
    needs.absent(f'{exc.name} is not installed: make .venv/stamps/openapi')

HOSTS = ('own-cpython', 'own-micropython', 'uvicorn')
HEAP = '192K'
EXAMPLES = 8  # for each operation and kind of input


def tool(name):
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        needs.missing(f'{name} is not installed: make .venv/stamps/openapi')
    return str(path)


@contextlib.contextmanager
def hosted(name):
    if name == 'own-micropython':
        needs.micropython()
    with hosting.Host(name, app='rooms:app', heap=HEAP) as host:
        yield host
    assert 'Traceback' not in host.text, host.text


def test_the_document_is_the_same_everywhere():
    documents = []
    for name in HOSTS:
        with hosted(name) as host:
            documents.append(json.loads(host.get('/openapi.json')))
            for methods in documents[-1]['paths'].values():
                for operation in methods.values():  # MicroPython's dictionaries have no order
                    operation['parameters'].sort(key=lambda parameter: parameter['name'])
            assert b'</html>' in host.get('/docs')
    validate(documents[0])
    assert documents[0] == documents[1] == documents[2]
    paths = documents[0]['paths']
    assert len(paths) == 5 and sum([len(methods) for methods in paths.values()]) == 8


@pytest.mark.slow
@pytest.mark.parametrize('name', HOSTS)
def test_schemathesis_finds_nothing(name, tmp_path):
    program = tool('schemathesis')
    with hosted(name) as host:
        address = f'http://{hosting.HOST}:{host.port}/openapi.json'
        options = [
            '--seed=1',
            f'--max-examples={EXAMPLES}',
            '--no-color',
            '--generation-database=none',
        ]
        ended = subprocess.run(
            [program, 'run', address, *options],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout
    assert 'Tested: 8' in ended.stdout


@pytest.fixture(scope='module')
def client(tmp_path_factory):
    """The package that openapi-python-client makes of the document, imported."""
    folder = tmp_path_factory.mktemp('client')
    with hosted('own-cpython') as host:
        (folder / 'openapi.json').write_bytes(host.get('/openapi.json'))
    command = [tool('openapi-python-client'), 'generate', '--path=openapi.json', '--meta=none']
    ended = subprocess.run(
        [*command, '--output-path=rooms_client'],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    print(ended.stdout, ended.stderr)
    assert ended.returncode == 0 and 'WARNING' not in ended.stdout
    sys.path.insert(0, str(folder))
    yield importlib.import_module('rooms_client')
    sys.path.remove(str(folder))


def connected(client, host):
    timeout = httpx.Timeout(hosting.DEADLINE)
    return client.Client(f'http://{hosting.HOST}:{host.port}', timeout=timeout)


@pytest.mark.parametrize('name', HOSTS)
def test_a_generated_client(client, name):
    def call(function, **arguments):
        module = importlib.import_module('rooms_client.api.' + function)
        return module.sync_detailed(client=connection, **arguments)

    models = importlib.import_module('rooms_client.models')
    with hosted(name) as host, connected(client, host) as connection:
        rooms = call('rooms.list_rooms', limit=5, name=['hall', 'attic']).parsed
        assert [(room.name, len(room.devices)) for room in rooms] == [('attic', 0), ('hall', 1)]
        assert isinstance(rooms[1].devices[0], models.Device)
        assert rooms[1].devices[0].level == 5
        device = models.Device(
            name='warm', kind=models.DeviceKind.HEATER, note='na\u00efve \U0001f600'
        )
        made = call('rooms.add_device', room='attic', body=device)
        assert made.status_code == 201
        assert made.parsed.level == 0 and made.parsed.note == device.note
        device.level = 101
        replaced = call('rooms.replace_device', room='attic', number=0, by='me', body=device)
        assert replaced.status_code == 422
        assert isinstance(replaced.parsed, models.ValidationProblem)
        (error,) = replaced.parsed.errors
        assert (error.at, error.message) == (['body', 'level'], 'must be at most 100')
        device.level = 100
        call('rooms.replace_device', room='attic', number=0, by='me', body=device)
        assert call('rooms.show_device', room='attic', number=0).parsed == device
        assert call('rooms.remove_device', room='attic', number=0).status_code == 204
        assert call('rooms.show_device', room='attic', number=0).status_code == 404
