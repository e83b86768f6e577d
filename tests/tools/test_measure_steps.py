"""The client of the measurements takes no other answer for the one that it expects."""

import socket
import threading

import pytest

from measure import steps

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s'
HELLO = steps.PAGE_STEPS[0]
JSON = next(step for step in steps.PAGE_STEPS if step.name == 'JSON out')


@pytest.fixture
def answer():
    """A function that starts a server which answers one request by some bytes and closes."""
    listeners = []

    def start(data):
        listener = socket.create_server(('127.0.0.1', 0))
        listeners.append(listener)

        def serve():
            with listener.accept()[0] as client:
                client.recv(4096)
                client.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    yield start
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(
    'step, data, message',
    [
        (HELLO, ANSWER % (5, b'Hello'), "hello: 200 b'Hello'"),
        (HELLO, b'HTTP/1.1 500 OK\r\nContent-Length: 0\r\n\r\n', 'hello: 500'),
        (HELLO, ANSWER % (13, b'Hello'), 'hello: no answer'),
        (HELLO, b'', 'hello: no answer'),
        (HELLO, b'\x00\x01', 'hello: no answer'),
        (JSON, ANSWER % (2, b'{}'), 'JSON out: 200'),
        (JSON, ANSWER % (1, b'{'), 'JSON out: 200'),
        (steps.LIVE_STEPS[1], ANSWER % (0, b''), 'WebSocket: no WebSocket'),
        (steps.LIVE_STEPS[1], b'', 'WebSocket: no WebSocket'),
    ],
)
def test_another_answer(answer, step, data, message):
    with steps.Client(answer(data), close=True) as client:
        with pytest.raises(steps.StepError) as raised:
            client.do(step)
    assert str(raised.value).startswith(message)


def test_the_expected_answer(answer):
    with steps.Client(answer(ANSWER % (13, b'Hello, world!')), close=True) as client:
        client.do(HELLO)


def test_a_connection_that_does_not_persist(answer):
    data = b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 13\r\n\r\nHello, world!'
    with steps.Client(answer(data), close=False) as client:
        with pytest.raises(steps.StepError, match='closed a persistent connection'):
            client.do(HELLO)


def test_nobody_there():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        port = listener.getsockname()[1]
    with steps.Client(port, close=True) as client:
        with pytest.raises(steps.StepError, match='hello: no answer'):
            client.do(HELLO)
