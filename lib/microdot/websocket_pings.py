"""Pings: whether the client of a WebSocket is still there (RFC 6455, 5.5.2).

A client is heard by whatever comes of it. That has to be read, and a handler that only sends does
not: the task that sends the pings does so in its place, up to the next message, which it keeps for
``receive()``. No more is read while that one waits.
"""

import asyncio

from .compat import const
from .websocket import WebSocketError

_THIS_CALL = const(2)  # of receive(), as true as any other


async def keep_alive(ws):
    """Ping a client while it is silent, and cancel its handler when it stays so or has gone.

    :param ws: the ``WebSocket``, which cancels this task when it is closed.
    """
    try:
        while await _hears(ws, ws.ping_interval) or await _answers(ws):
            pass
    except WebSocketError:
        await ws._finish(None, None)  # or the close frame might not arrive
    except (OSError, MemoryError):
        pass  # what came has been lost for want of memory, or is never to come
    ws._pings = None
    ws._connection.drop()


async def _answers(ws):
    """Ping the client; tell whether it was heard in time."""
    await ws._write(ws.PING, b'')
    left = ws.ping_timeout
    while left > 0:
        # Not all at once, or the next ping would come that much later.
        seconds = min(left, ws.ping_interval)
        if await _hears(ws, seconds):
            return True
        left -= seconds
    return False


async def _hears(ws, seconds):
    """Let that time pass; tell whether the client was heard, or has a message waiting."""
    ws._heard = False
    if ws._waiting:
        # Nothing is left unread as long as that call of receive() lasts.
        ws._waiting = _THIS_CALL
        await asyncio.sleep(seconds)
        if ws._heard or ws._waiting == _THIS_CALL:
            return ws._heard
    if ws._ahead is None:
        try:
            await asyncio.wait_for(_read_ahead(ws), seconds)
        except asyncio.TimeoutError:
            return ws._heard
    await asyncio.sleep(seconds)
    return True


async def _read_ahead(ws):
    # Waits as long as the handler itself reads. Not the result of the task, which may get lost in
    # the moment that it is cancelled.
    ws._ahead = await ws._next_message()
