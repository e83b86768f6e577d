"""MicroPython only: serve an application, and tell what is in the heap when asked.

    serve.py PORT NAME     NAME: the module that has the application

Each line on standard input is answered by two: what `micropython.qstr_info()` prints of interned
names; the bytes of heap in use, garbage collected, and the package's modules that are loaded."""

import asyncio
import gc
import sys

import micropython


async def report():
    stdin = asyncio.StreamReader(sys.stdin)
    while await stdin.readline():
        gc.collect()
        used = gc.mem_alloc()
        micropython.qstr_info()
        print(used, *sorted([name for name in sys.modules if name.startswith('microdot')]))


async def main(port, name, host):
    asyncio.create_task(report())
    await __import__(name).app.start_server(host=host, port=port)


def run(port, name, host='127.0.0.1'):
    asyncio.run(main(port, name, host))


if __name__ == '__main__':
    run(int(sys.argv[1]), sys.argv[2])
