"""Requests to an application where there are no sockets: MicroPython for WebAssembly.

They take the way that is documented: `Request.create`, `dispatch_request`, `Response.write`."""

import asyncio
import io
import sys


class Stream:
    def __init__(self, data):
        self._data = io.BytesIO(data)
        self.written = b''

    async def readline(self):
        return self._data.readline()

    async def readexactly(self, length):
        return self._data.read(length)

    async def awrite(self, data):
        self.written += data


async def refuse(*args, **kwargs):
    raise OSError('no sockets')


def finish(coroutine):
    """Return what a coroutine returns that waits for nothing."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value


def start(name):
    """Import an application and start its server as far as that goes."""
    global app
    asyncio.start_server = refuse
    app = __import__(name).app
    try:
        finish(app.start_server(port=5000))
    except (OSError, NameError):  # there are no sockets
        pass
    del asyncio.start_server


async def answer(data):
    from microdot import Request

    stream = Stream(data)
    request = await Request.create(app, stream, None, ('127.0.0.1', 1))
    response = await app.dispatch_request(request)
    await response.write(stream)
    return stream.written


def do(data, status):
    """Have a request answered; AssertionError if it is by another status."""
    line = finish(answer(data)).split(b'\r\n', 1)[0]
    if int(line.split()[1]) != status:
        raise AssertionError(line)


def forget(name):
    """Leave of what was loaded the framework alone."""
    global app
    app = None
    for module in (name, 'basic', 'direct'):
        sys.modules.pop(module, None)
