"""WebSocket under gunicorn, which hands over the socket of a connection."""

import asyncio

from .connection import HANDLE, Connection
from .gateway import begin
from .websocket import WebSocket


async def serve(app, environ, make_request, sock):
    """Answer a request for an upgrade on its socket, and keep the connection until it ends.

    :param app: the application.
    :param environ: the environ of the request.
    :param make_request: a function that returns the ``Request`` for the application and an environ.
    :param sock: the socket, which is closed at the end.
    """
    reader, writer = await asyncio.open_connection(sock=sock)
    connection = Connection(app, reader, writer)
    connection.wait(HANDLE)

    def make_connected(app, environ):
        request = make_request(app, environ)
        request.connection = connection
        request.websocket_class = WebSocket
        request.sock = connection, connection
        return request

    connections = app.__dict__.setdefault('_connections', [])
    connections.append(connection)
    if not app._watched:
        app._watched = True
        asyncio.create_task(app._watch(connections))
    try:
        request, coro = begin(app, make_connected, environ)
        await connection.respond(request, await coro, False)
    except (OSError, asyncio.CancelledError):
        pass  # the client has gone
    finally:
        connection.closed = True
        connections.remove(connection)
        writer.close()
