"""The differences between MicroPython and CPython that few applications meet; see ``compat``.

- ``client_of(writer)``: the address of a client. ``now()``: the seconds since 1970.
- ``signing()``: the module that signs and verifies tokens.
- ``search(pattern, text)``: that of ``re``, with ``$`` for the end alone, as in JSON Schema.
- ``FILE_BLOCK``: fewest bytes to write to a file at once.
- ``exit_if_taken(exc, port)``: what ``run()`` does about a port that it cannot have.
"""

import sys

if sys.implementation.name not in ('micropython', 'circuitpython'):
    from .compat_cpython import FILE_BLOCK, client_of, now, search, signing

    # At a prompt, where to exit is more than what somebody wants.
    _FROM_SHELL = not hasattr(sys, 'ps1')
else:
    import time
    from re import search

    FILE_BLOCK = 1
    _FROM_SHELL = sys.platform in ('linux', 'darwin', 'win32')  # not on a board

    def client_of(writer):
        """Return the address of the client, a tuple (host, port)."""
        addr = writer.get_extra_info('peername')
        if isinstance(addr, (bytes, bytearray)):  # the unix port hands out the system's structure
            import socket

            family, host, port = socket.sockaddr(addr)[:3]
            addr = socket.inet_ntop(family, host), port
        return addr

    def now():
        seconds = int(time.time())
        return seconds if time.gmtime(0)[0] == 1970 else seconds + 946684800  # boards begin in 2000

    def signing():
        """Return the module that signs and verifies tokens."""
        from . import jwt_hs256

        return jwt_hs256


def exit_if_taken(exc, port):
    """Exit with one line if an exception says that a port is taken, in a program of a shell's.

    :param exc: the ``OSError``.
    :param port: the port.
    """
    import errno

    said = {errno.EADDRINUSE: 'address already in use', errno.EACCES: 'permission denied'}
    if exc.errno in said and _FROM_SHELL:
        other = 8081 if port == 8080 else 8080
        text = 'Port %s: %s. Choose another: app.run(port=%d)'
        print(text % (port, said[exc.errno], other), file=sys.stderr)
        sys.exit(1)
