"""``Guard``: slows down who guesses passwords or tokens.

Failed attempts are counted by the address of the client and by the name that is tried. After a few,
each further one has to wait, twice as long as the one before; until then attempts are answered with
429 (RFC 6585) and ``Retry-After``, without a look at the password. What is kept is bounded: whoever
has failed least is forgotten first.
"""

from .compat import const, invoke_handler
from .compat_rare import now
from .http1 import HTTPException

_RUNNING = const(16)  # attempts at a time of one address, or for one name
_LONGEST_NAME = const(32)


class Guard:
    """Counts failed attempts, for ``BasicAuth``, ``TokenAuth``, and login forms: see ``attempt``.

    :param free: how many attempts may fail before the next has to wait.
    :param delay: whole seconds to wait after the first failure beyond these; each further one
        doubles them.
    :param longest: the most seconds to wait.
    :param forget: seconds after the last failure that all are forgotten.
    """

    #: How many addresses and names are kept.
    max_entries = 64

    def __init__(self, free=5, delay=1, longest=60, forget=900):
        self.free = free
        self.delay = delay
        self.longest = longest
        self.forget = forget
        self._entries = {}  # key: [failures, time of the last one, attempts running, good address]

    def address(self, request):
        """Return what stands for the client, a str: its IP address, or ``None``.

        To be overridden where it is not the client that connects, but a proxy for all of them.
        """
        addr = request.client_addr
        return addr[0] if isinstance(addr, tuple) else addr

    async def attempt(self, request, name, check, *args):
        """Return the result of ``check(*args)``. A falsy one, or an exception, is a failure.

        :param request: the request.
        :param name: the name that is tried, a str; ``None`` if there is none.
        :param check: the function, sync or async, that checks the password or token.

        Raises ``HTTPException`` (429) without calling it while the client, or the name, has to
        wait. A client that has got in by a name does not wait for what others do to that name.
        """
        address = self.address(request)
        keys = ['@' + address] if address else []
        if name is not None:
            keys.append(name[:_LONGEST_NAME])
        entries = [self._entry(key) for key in keys]
        for entry in entries:
            if not address or entry[3] != address:
                self._check(entry)
        user = None
        for entry in entries:
            entry[2] += 1
        try:
            user = await invoke_handler(check, *args)
        finally:
            for entry in entries:
                entry[2] -= 1
                if not user:
                    entry[0] += 1
            if not user:
                moment = now()  # which takes memory
                for entry in entries:
                    entry[1] = moment
            if user and name is not None:
                entries[-1][3] = address
        return user

    def _check(self, entry):
        """Raise ``HTTPException`` if an address or a name has to wait."""
        failures, last, running, _ = entry
        wait = 0
        if failures:
            passed = now() - last
            if passed < 0:  # the clock has been set meanwhile
                entry[1] += passed
                passed = 0
            if passed >= self.forget:
                entry[0] = 0
            elif failures >= self.free:
                wait = min(self.delay * (1 << min(failures - self.free, 16)), self.longest) - passed
        if wait > 0 or running >= _RUNNING:
            exc = HTTPException(429, 'Too many attempts')
            exc.headers = {'Retry-After': str(max(wait, 1))}
            raise exc

    def _entry(self, key):
        """Return the entry of an address or a name; a new one replaces who has failed least."""
        entries = self._entries
        if key not in entries:
            if len(entries) >= self.max_entries:
                least = None
                for other in list(entries):
                    if least is None or entries[other][:3] < entries[least][:3]:
                        least = other
                del entries[least]
            entries[key] = [0, now(), 0, None]
        return entries[key]
