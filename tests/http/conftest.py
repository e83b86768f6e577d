"""Fixtures for tests against server processes."""

import pytest
import servers

import needs


@pytest.fixture(params=servers.RUNTIMES)
def runtime(request):
    """The name of the runtime that the server runs on; each test runs once for each."""
    if request.param == 'micropython':
        needs.micropython()
    return request.param


@pytest.fixture
def server(runtime):
    """A running `program.py` that must still be alive, without a traceback, at the end."""
    with servers.ServerProcess(runtime) as process:
        yield process
        process.alive()
