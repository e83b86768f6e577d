"""Starting and ending of applications by `microdot.asgi`."""

import asyncio
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


async def test_hooks_and_tasks():
    """They come after the function for the start, and before that for the end."""
    client = Client({'type': 'lifespan.startup'}, {'type': 'lifespan.shutdown'})
    app = Microdot(startup, shutdown)
    calls = []
    app.on_startup(lambda: calls.append('hook'))
    app.on_shutdown(lambda: calls.append('end hook'))

    @app.create_task
    async def work():
        calls.append('task')
        try:
            await asyncio.sleep(60)
        finally:
            calls.append('end task')

    send = client.send

    async def send_later(message):
        await asyncio.sleep(0)
        await send(message)

    await app({'type': 'lifespan', 'calls': calls}, client.receive, send_later)
    assert calls == ['startup', 'hook', 'task', 'end task', 'end hook', 'shutdown']
    assert client.sent == COMPLETE


@pytest.mark.parametrize('when', ['startup', 'shutdown'])
async def test_hooks_that_fail(when):
    client = Client({'type': 'lifespan.startup'}, {'type': 'lifespan.shutdown'})
    app = Microdot(startup, shutdown)
    calls = []

    async def fail():
        raise KeyError('scope')

    getattr(app, 'on_' + when)(fail)
    await app({'type': 'lifespan', 'calls': calls}, client.receive, client.send)
    place = ['startup', 'shutdown'].index(when)
    expected = list(COMPLETE)
    expected[place] = failed(when)
    assert client.sent == expected
    assert calls == ['startup', 'shutdown']


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


async def test_the_first_task_comes_from_a_handler():
    """It begins at once, and ends with the server."""
    app = Microdot()
    ended = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    class Server(Client):
        async def receive(self):
            if len(self.messages) == 1:  # between the start and the end
                app.create_task(work())
                await asyncio.sleep(0)
            return await super().receive()

    server = Server({'type': 'lifespan.startup'}, {'type': 'lifespan.shutdown'})
    await app({'type': 'lifespan'}, server.receive, server.send)
    assert server.sent == COMPLETE
    assert ended.is_set()
