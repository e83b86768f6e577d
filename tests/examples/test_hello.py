"""The first example of the README, served by both runtimes."""

import pytest

from serving import Client, serve

HELLO = 'examples/hello/hello.py'


@pytest.mark.parametrize('runtime', ['micropython', 'cpython'])
def test_hello(runtime, tmp_path):
    with serve(HELLO, runtime, tmp_path) as server, Client(server) as client:
        assert client.json('/') == {'hello': 'world'}
        assert client.json('/hello/Ada') == {'hello': 'Ada'}
        assert client.get('/hello/')[0] == 404
        assert client.post('/', {})[0] == 405
        assert client.json('/hello/caf%C3%A9') == {'hello': 'café'}
