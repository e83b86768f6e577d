"""Watches an application on trial, which a new slot is until it is confirmed: see `slots`.

The application may do that, by `slots.confirm()`. If not, it is confirmed once the event loop has
run for LOOP seconds and a request to its server, over the board's loop-back address, was answered
with a status below 500. The server is the one that the framework has started; without one, what
listens on one of PORTS.

The board restarts when the application ends with an exception, or LIMIT seconds have gone without
its being confirmed. After three restarts, `slots.start` goes back to the other slot.
"""

import asyncio
import sys
from time import sleep

import slots

LOOP = 60  # seconds
AGAIN = 10  # seconds between two requests, and that one may take
LIMIT = 600  # seconds
PORTS = (80, 5000)
REQUEST = b'GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n'

# (host, port, whether it speaks TLS) of the framework's, or of what else may listen.
servers = [('', port, False) for port in PORTS]
timer = None


def begin():
    """Watch the application that is about to start."""
    global timer
    from machine import Timer

    print('ROMFS: slot %d is on trial' % slots.started.running.slot)
    # An ESP32's timer 0 is the console's: see `startup.Console`.
    timer = Timer(1 if sys.platform == 'esp32' else -1)
    timer.init(mode=Timer.ONE_SHOT, period=LIMIT * 1000, callback=give_up)
    asyncio.create_task(watch())
    try:
        find_server()
    except (ImportError, MemoryError):
        pass  # no framework: one of PORTS


def leave():
    """The board is at its prompt: what happens now is not the application's doing."""
    if timer:
        timer.deinit()


def give_up(timer):
    fail('not confirmed within %d s' % LIMIT)


def fail(reason):
    """Start the board again, for a failure of the application, unless it is confirmed by now."""
    from machine import reset

    if not slots.on_trial():
        return
    print('ROMFS: the slot on trial has failed:', reason)
    sleep(0.2)  # for the console
    reset()


def find_server():
    """Have the framework tell where it listens."""
    from microdot import server as module

    listen = module.open_server

    def open_server(app, host, port, backlog, context, *options):
        global servers
        servers = [(host, port, bool(context))]
        return listen(app, host, port, backlog, context, *options)

    module.open_server = open_server


async def watch():
    await asyncio.sleep(LOOP)
    while slots.on_trial():
        for host, port, tls in servers:
            if host in ('', '0.0.0.0', '::'):
                host = '127.0.0.1'
            try:
                if await asyncio.wait_for(answers(host, port, tls), AGAIN):
                    slots.confirm()
                    print('ROMFS: slot %d is confirmed' % slots.started.running.slot)
                    return leave()
            except Exception:
                pass  # nothing listens, for want of memory, ...: the next try is soon
        await asyncio.sleep(AGAIN)


async def answers(host, port, tls):
    """Whether a server answers a request with a status below 500."""
    context = None
    if tls:
        from tls import CERT_NONE, PROTOCOL_TLS_CLIENT, SSLContext

        context = SSLContext(PROTOCOL_TLS_CLIENT)
        context.verify_mode = CERT_NONE
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        writer.write(REQUEST % host.encode())
        await writer.drain()
        line = await reader.readline()
        return line.startswith(b'HTTP/1.') and line[9:10] in (b'1', b'2', b'3', b'4')
    finally:
        writer.close()
        await writer.wait_closed()
