"""WebSocket under gunicorn, which hands over the socket of a connection."""

import asyncio

from .gateway import answer
from .server import _HANDLING, Connection, watch
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
    connection.phase = _HANDLING

    def make_connected(app, environ):
        request = make_request(app, environ)
        request.connection = connection
        request.websocket_class = WebSocket
        request.sock = connection, connection
        return request

    if app._connections is None:
        app._connections = []
    app._connections.append(connection)
    if not app._watched:
        app._watched = True
        asyncio.create_task(watch(app))
    try:
        request, response = await answer(app, make_connected, environ)
        if request:
            await connection.respond(request, response, False)
        else:
            await connection.send(response, '1.1', False)
    except (OSError, asyncio.CancelledError):
        pass  # the client has gone
    finally:
        app._connections.remove(connection)
        writer.close()
