"""Starting and ending of applications by `microdot.asgi`."""

import os
import signal
from unittest import mock

import pytest

from microdot.asgi import Microdot


class Client:
    """What an application is called with: messages to receive, and those it sends."""

    def __init__(self, *messages):
        self.messages = list(messages)
        self.sent = []

    async def receive(self):
        return self.messages.pop(0)

    async def send(self, message):
        self.sent.append(message)


def startup_sync(scope):
    scope['calls'].append('startup')


async def startup(scope):
    startup_sync(scope)


def shutdown(scope):
    scope['calls'].append('shutdown')


async def fail(scope):
    raise KeyError('scope')


COMPLETE = [{'type': 'lifespan.startup.complete'}, {'type': 'lifespan.shutdown.complete'}]


def failed(when):
    return {'type': f'lifespan.{when}.failed', 'message': "KeyError('scope')"}


@pytest.mark.parametrize(
    'functions, calls, sent',
    [
        ((), [], COMPLETE),
        ((startup, shutdown), ['startup', 'shutdown'], COMPLETE),
        ((startup_sync, None), ['startup'], COMPLETE),
        ((fail, shutdown), ['shutdown'], [failed('startup'), COMPLETE[1]]),
        ((None, fail), [], [COMPLETE[0], failed('shutdown')]),
    ],
)
async def test_lifespan(functions, calls, sent):
    client = Client(
        {'type': 'lifespan.startup'}, {'type': 'lifespan.other'}, {'type': 'lifespan.shutdown'}
    )
    scope = {'type': 'lifespan', 'calls': []}
    await Microdot(*functions)(scope, client.receive, client.send)
    assert (scope['calls'], client.sent) == (calls, sent)


def test_shutdown():
    with mock.patch('microdot.asgi.os.kill') as kill:
        Microdot().shutdown()
    kill.assert_called_once_with(os.getpgrp(), signal.SIGTERM)


async def test_own_server():
    app = Microdot()
    with mock.patch('microdot.application.Microdot.run') as run:
        app.run('127.0.0.1', 8000, debug=True, ssl=None)
    assert app.embedded_server
    run.assert_called_once_with('127.0.0.1', 8000, True, None)
    with mock.patch('microdot.asgi.os.kill') as kill:
        app.shutdown()
    assert not kill.called
