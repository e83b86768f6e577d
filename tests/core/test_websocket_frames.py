"""The pieces of `microdot.websocket`: frames, masks, close codes, UTF-8, interrupted reads."""

import asyncio

from microdot.websocket import WebSocket, WebSocketError, check_utf8, unmask
from support import MICROPYTHON, araises, raises


async def test_frames():  # in a loop: locks of Python 3.9 want one
    ws = WebSocket(None)
    process = ws._process_websocket_frame
    assert process(WebSocket.TEXT, b'foo') == (None, 'foo')
    assert process(WebSocket.BINARY, b'foo') == (None, b'foo')
    assert process(WebSocket.PING, b'foo') == (WebSocket.PONG, b'foo')
    assert process(WebSocket.PONG, b'foo') == (None, None)
    raises(WebSocketError, process, WebSocket.CLOSE, b'')
    parse = WebSocket._parse_frame_header
    assert parse(b'\x81\x05') == (True, 1, False, 5)
    assert parse(b'\x02\xfd') == (False, 2, True, 125)
    assert parse(b'\x81\x7e') == (True, 1, False, -2)
    assert parse(b'\x81\xff') == (True, 1, True, -8)
    encode = WebSocket._encode_websocket_frame
    assert encode(1, 'ab') == b'\x81\x02ab'
    assert encode(2, b'x' * 126) == b'\x82\x7e\x00\x7e' + b'x' * 126
    if not MICROPYTHON:  # that has not the memory
        assert encode(2, b'x' * 65536)[:10] == b'\x82\x7f\0\0\0\0\0\x01\0\0'
    assert encode(8, b'') == b'\x88\x00'


async def test_close_frames():
    for payload, code, sent, reason in (
        (b'', 1005, 1005, ''),
        (b'\x03\xe8', 1000, 1000, ''),
        (b'\x0f\xa0bye', 4000, 4000, 'bye'),
        (b'\x03', 1002, None, None),
        (b'\x03\xed', 1002, None, None),
        (b'\x03\xe8\xff', 1007, None, None),
    ):
        ws = WebSocket(None)
        exc = raises(WebSocketError, ws._process_websocket_frame, WebSocket.CLOSE, payload)
        assert exc.code == code, payload
        assert (ws.close_code, ws.close_reason) == (sent, reason), payload


def test_unmask():
    mask = b'\x01\x80\xff\x00'
    for n in (0, 1, 2, 3, 4, 5, 100, 1023):
        data = bytes([i * 7 & 255 for i in range(n)])
        assert unmask(data, mask) == bytes([data[i] ^ mask[i & 3] for i in range(n)])


def test_utf8():
    good = 'aé€\U0001f600\ud7ff\ue000\U0010ffff'.encode()
    state = (0, 0, 0)
    for i in range(len(good)):
        state = check_utf8(state, good[i : i + 1])
    assert state[0] == 0
    assert check_utf8((0, 0, 0), good)[0] == 0
    assert check_utf8((0, 0, 0), b'a\xe2\x82')[0] == 1
    for bad in (
        b'\x80', b'\xc0\x80', b'\xc1', b'\xe0\x9f', b'\xed\xa0', b'\xf0\x8f', b'\xf4\x90', b'\xf5',
        b'\xff', b'\xc3a', b'\xe2\x82a',
    ):  # fmt: skip
        assert raises(WebSocketError, check_utf8, (0, 0, 0), bad).code == 1007


async def test_receive_can_be_cancelled_and_repeated():
    frame = b'\x81\xfe\x00\x80\x01\x02\x03\x04' + unmask(b'x' * 128, b'\x01\x02\x03\x04')

    class Slow:
        buffer = b''
        reading = False
        at = ready = 0

        async def fill(self):
            while self.at >= self.ready:
                await asyncio.sleep(0)
            self.buffer += frame[self.at : self.ready]
            self.at = self.ready
            return True

    class Request:
        connection = None

    for cut in (0, 1, 2, 3, 6, 8, 9, 60):
        request = Request()
        slow = Slow()
        request.sock = (slow, slow)
        slow.ready = cut
        ws = WebSocket(request)
        await araises(asyncio.TimeoutError, asyncio.wait_for(ws.receive(), 0.02))
        slow.ready = len(frame)
        assert await ws.receive() == 'x' * 128, cut


class Stuck:
    """A client that takes so many writes and no more."""

    def __init__(self, writes):
        self.written = []
        self.writes = writes

    async def awrite(self, data):
        self.written.append(bytes(data))
        if len(self.written) > self.writes:
            await asyncio.sleep(60)


async def test_nothing_follows_half_a_message():
    class Request:
        connection = True  # anything: long messages are sent in two writes

    for writes, message in ((0, 'short'), (0, 'x' * 2000), (1, 'x' * 2000)):
        request = Request()
        client = Stuck(writes)
        request.sock = (client, client)
        ws = WebSocket(request)
        sending = asyncio.create_task(ws.send(message))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(ws.send('next'))
        await asyncio.sleep(0)
        sending.cancel()
        await araises(asyncio.CancelledError, sending)
        await araises(WebSocketError, waiting)
        await araises(WebSocketError, ws.send('another'))
        await araises(WebSocketError, ws.receive())
        await ws.close()
        assert len(client.written) == writes + 1
        assert ws.closed


async def test_nothing_follows_a_close_frame():
    class Request:
        connection = None

    class Slow(Stuck):
        async def awrite(self, data):
            self.written.append(data)
            await asyncio.sleep(0)

    request = Request()
    client = Slow(0)
    request.sock = (client, client)
    ws = WebSocket(request)
    tasks = [asyncio.create_task(c) for c in (ws.send('a'), ws.close(), ws.send('b'))]
    await tasks[0]
    await tasks[1]
    await araises(WebSocketError, tasks[2])
    assert client.written == [b'\x81\x01a', b'\x88\x00']
