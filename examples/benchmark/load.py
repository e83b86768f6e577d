"""Loads a server over persistent connections and prints how fast it answers.

    python load.py PORT [PATH [REQUESTS [CONNECTIONS]]]

It ends after that many requests, 1000 by default, over that many connections, 4 by default, and
speaks to 127.0.0.1 alone. Any answer but a 2xx or 3xx counts as failed.
"""

import asyncio
import sys
import time

TIMEOUT = 30  # seconds for an answer
USAGE = 'load.py PORT [PATH [REQUESTS [CONNECTIONS]]]: numbers from 1, PATH with a slash in front'


async def exchange(reader, writer, request):
    """Send a request; return the status and the size of the body of its answer."""
    writer.write(request)
    await writer.drain()
    status = int((await reader.readline()).split()[1])
    length, chunked = 0, False
    while True:
        line = (await reader.readline()).strip().lower()
        if not line:
            break
        if line.startswith(b'content-length:'):
            length = int(line[15:])
        chunked = chunked or line == b'transfer-encoding: chunked'
    if not chunked:
        await reader.readexactly(length)
        return status, length
    while True:
        size = int(await reader.readline(), 16)
        await reader.readexactly(size + 2)  # with its line end
        if not size:
            return status, length
        length += size


async def client(port, request, left, took):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    try:
        while left:
            left.pop()
            started = time.perf_counter()
            status, size = await asyncio.wait_for(exchange(reader, writer, request), TIMEOUT)
            took.append((time.perf_counter() - started, 200 <= status < 400, size))
    finally:
        writer.close()


async def load(port, path='/', requests='1000', connections='4'):
    head = f'GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n'.encode()
    left, took = [None] * int(requests), []
    started = time.perf_counter()
    await asyncio.gather(*[client(int(port), head, left, took) for _ in range(int(connections))])
    seconds = time.perf_counter() - started
    times = sorted([entry[0] * 1000 for entry in took])
    print(f'{len(took)} requests for {path} over {connections} connections in {seconds:.2f} s')
    print(f'{len(took) / seconds:.0f} requests a second, {sum(e[2] for e in took)} bytes of bodies')
    for name, share in (('median', 0.5), ('90 %', 0.9), ('99 %', 0.99), ('longest', 1)):
        index = max(0, round(share * len(times)) - 1)
        print(f'{name:8}{times[index]:8.2f} ms')
    failed = len([entry for entry in took if not entry[1]])
    if failed:
        sys.exit(f'{failed} answers failed')


def main(arguments):
    numbers = arguments[:1] + arguments[2:]
    if not numbers or len(arguments) > 4 or not all(n.isdigit() and int(n) for n in numbers):
        sys.exit(USAGE)
    if len(arguments) > 1 and not arguments[1].startswith('/'):
        sys.exit(USAGE)
    try:
        asyncio.run(load(*arguments))
    except (OSError, EOFError, IndexError, ValueError, asyncio.TimeoutError) as exc:
        sys.exit(f'No proper answer at port {arguments[0]}: {exc or type(exc).__name__}')


if __name__ == '__main__':
    main(sys.argv[1:])
