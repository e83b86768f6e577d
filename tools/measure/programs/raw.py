"""The yardstick: the least that an asyncio streams server can do for an HTTP request.

One read, one write of a fixed response, one drain. `own` closes after one request,
`persistent` goes on until the client closes. Nothing is parsed."""

import asyncio
import sys

_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 13\r\n'
_CLOSING = (_HEAD + 'Connection: close\r\n\r\nHello, world!').encode()
_PERSISTENT = (_HEAD + '\r\nHello, world!').encode()


async def own(reader, writer):
    await reader.read(1024)
    writer.write(_CLOSING)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def persistent(reader, writer):
    while await reader.read(1024):
        writer.write(_PERSISTENT)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def main(port, mode):
    handler = own if mode == 'own' else persistent
    await asyncio.start_server(handler, '127.0.0.1', port)
    while True:
        await asyncio.sleep(3600)


if __name__ == '__main__':
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
