"""MicroPython only: serve with the garbage collector off, and print the bytes in use when asked.

Arguments: `hello` or `raw`, port, mode. Every line on standard input is answered by a line with
`gc.mem_alloc()`. Nothing is collected in between, so the figure only grows by what the server,
its handlers and the event loop allocate (less what they free by themselves)."""

import asyncio
import gc
import sys


async def report():
    stdin = asyncio.StreamReader(sys.stdin)
    while await stdin.readline():
        print(gc.mem_alloc())


async def main(program, port, mode):
    asyncio.create_task(report())
    gc.collect()
    gc.disable()
    if program == 'raw':
        import raw

        await raw.main(port, mode)
    else:
        import hello

        await hello.app.start_server(host='127.0.0.1', port=port)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
