# What bounds the own server: assign to the class.
class Connection:
    max_head_size: int
    """Longest head of a request, in bytes; a longer one is answered with 431."""
    max_headers: int
    """Most header lines of a request; more are answered with 431."""
    head_timeout: float
    """Seconds for a head to arrive once it has begun; then 408."""
    body_timeout: float
    """Seconds without any progress of a body being received; then 408."""
    idle_timeout: float
    """Seconds that a connection may stay open without a request."""
    write_timeout: float
    """Seconds without any progress of a response being sent."""
    least_rate: int
    """Bytes a second that a client has to send of a body, or take of a response: fewer use up
    the seconds of ``body_timeout`` or ``write_timeout``. 0 for any progress.
    """
    linger_timeout: float
    """Seconds of silence after which a refused client's connection is closed, ten times as long
    if it goes on sending.
    """
    ping_patience: float
    """Seconds that a silent WebSocket has to answer a ping when its place is wanted."""
    max_connections: int
    """Most connections open at once; beyond, one gives way. 1000 on CPython."""
    backlog: int
    """Connections that the system may hold before they are accepted. 100 on CPython."""
    shutdown_timeout: float
    """Seconds that ``shutdown()`` waits for running requests."""
    tick: float
    """Seconds between two looks at deadlines and clients that have gone."""
