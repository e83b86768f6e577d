"""What comes before and after the life of a server: checks, the drain at its end."""

import asyncio

from .compat import close_server, const, server_options
from .server import Connection

# The phases of ``server``.
_HEAD = const(2)
_UPGRADED = const(6)

_PAUSE = 0.02  # seconds between two looks at the requests that still run


def check(app, host, port, debug, ssl, start_serving):
    """Return the options for asyncio's server.

    Raises ``ValueError`` or ``TypeError`` for what the application or the platform cannot do.
    """
    if app._with_arguments:
        from .routing import check_patterns

        check_patterns(app)
    options = server_options(ssl, Connection.head_timeout, start_serving)
    if debug:
        print('Starting async server on %s:%d...' % (host, port))
    return options


def shut_down(app):
    """Stop listening, and close the connections that wait for a request."""
    app._stopping = True
    close_server(app, lambda: _drop(app, _HEAD))


async def drain(app):
    """Let the running requests end when the server is shut down; end them when it is cancelled."""
    app.server.close()
    try:
        patience = int(Connection.shutdown_timeout / _PAUSE) if app._stopping else 0
        while app._connections and patience:
            patience -= 1
            await asyncio.sleep(_PAUSE)
    finally:
        _drop(app, _UPGRADED)


def _drop(app, last_phase):
    """Close the connections that have not come beyond a phase."""
    for connection in app._connections:
        if connection.phase <= last_phase:
            connection.drop()
