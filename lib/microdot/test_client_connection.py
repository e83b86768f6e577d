"""``TestClient.connect``: a WebSocket that a test sends to and receives from step by step."""

import asyncio

from .test_client_websocket import handshake, masked
from .websocket import WebSocket, WebSocketError


class Connection:
    """The client's end of a WebSocket, for an ``async with``.

    ``accepted`` tells whether there is one; if not, ``response`` is the ``TestResponse`` that
    refused it. ``subprotocol`` is the one agreed on; ``close_code`` and ``close_reason`` are what
    the application ended it with. All are ``None`` before.
    """

    accepted = response = subprotocol = close_code = close_reason = None
    reading = False

    def __init__(self, client, path, headers, timeout):
        self.timeout = timeout
        self.buffer = b''  # what the application has not read yet
        self._messages = []
        self._changed = asyncio.Event()  # for the client
        self._sent = asyncio.Event()  # for the application
        self._task = None
        self._ended = False
        headers = handshake(headers)
        self._talk = lambda: client.request('GET', path, headers, sock=(self, self))

    async def __aenter__(self):
        self._task = asyncio.create_task(self._run())
        await self._until(lambda: self.accepted or self._ended)
        if self._ended and not self.accepted:
            self.accepted = False
            self.response = await self._task
        return self

    async def __aexit__(self, *exc):
        await self.close()

    async def send(self, message):
        """Send a str as a text message, bytes as a binary one.

        Raises ``WebSocketError`` if the connection has ended.
        """
        if self._ended or not self.accepted:
            raise WebSocketError('closed', self.close_code or 1006)
        self._put(WebSocket.TEXT if isinstance(message, str) else WebSocket.BINARY, message)
        await asyncio.sleep(0)

    async def receive(self):
        """Return the next message of the application: str for a text, bytes otherwise.

        Raises ``WebSocketError`` at the end of the connection, ``asyncio.TimeoutError`` if nothing
        comes in time, and what the route raises, if that is more than the connection's end.
        """
        await self._until(lambda: self._messages or self._ended)
        if self._messages:
            return self._messages.pop(0)
        if self._task and self._task.done():
            await self._task
        raise WebSocketError('closed', self.close_code or 1006)

    async def close(self, code=1000, reason=''):
        """End the connection and wait for the route to end, which is cancelled if it does not."""
        if self.accepted and not self._ended:
            self._put(WebSocket.CLOSE, code.to_bytes(2, 'big') + reason.encode())
            try:
                await self._until(lambda: self._ended)
            except asyncio.TimeoutError:
                pass
        if self._task and not self._task.done():
            self._task.cancel()
        try:
            await self._task
        except asyncio.CancelledError:
            pass

    async def _run(self):
        try:
            return await self._talk()
        finally:
            self._ended = True
            self._changed.set()

    async def _until(self, condition):
        while not condition():
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), self.timeout)

    def _put(self, opcode, payload):
        self.buffer += masked(opcode, payload)
        self._sent.set()

    # The application's end of the connection

    async def readline(self):
        i = self.buffer.find(b'\n') + 1
        line, self.buffer = self.buffer[:i], self.buffer[i:]
        return line

    async def fill(self):
        held = len(self.buffer)
        while len(self.buffer) == held:
            self._sent.clear()
            await self._sent.wait()
        return True

    async def awrite(self, data):
        if not self.accepted:
            self.accepted = True
            for line in data.decode().split('\r\n'):
                if line.lower().startswith('sec-websocket-protocol:'):
                    self.subprotocol = line.partition(':')[2].strip()
        else:
            _, opcode, _, length = WebSocket._parse_frame_header(data)
            payload = data[2 - min(length, 0) :]
            if opcode == WebSocket.TEXT:
                self._messages.append(payload.decode())
            elif opcode == WebSocket.BINARY:
                self._messages.append(bytes(payload))
            elif opcode == WebSocket.CLOSE and self.close_code is None:
                self.close_code = int.from_bytes(payload[:2], 'big') if payload else 1005
                self.close_reason = payload[2:].decode()
        self._changed.set()

    async def aclose(self):
        pass
