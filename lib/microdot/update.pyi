from collections.abc import Callable
from typing import Any, Protocol

from .application import Microdot
from .csrf import CSRF

HEADER: int

class _Key(Protocol):
    @property
    def KEY(self) -> bytes: ...
    @property
    def BOARD(self) -> str: ...

class Refused(Exception):
    status: int
    """The status of the answer."""
    def __init__(self, name: str, *values: Any) -> None: ...

class Header:
    kind: int
    version: int
    length: int
    sha256: bytes
    board: str
    signature: bytes
    """The 64 bytes of the signature, r and s."""
    signed: bytes
    """The 80 bytes that the signature is for."""
    def __init__(self, data: bytes) -> None: ...
    async def is_signed(self, key: bytes) -> bool: ...

class Update:
    app: Microdot
    """The application, not one that is mounted in another."""
    path: str
    """The path of the page."""
    csrf: CSRF
    """A ``CSRF`` object with the exceptions to make; other sites are refused anyway."""
    key: Any
    """What has ``KEY``, the public key in 64 bytes, ``BOARD``, the name of the board, and for a
    firmware ``VERSION``, a str: by default the module ``update_key``, which ``make firmware
    KEY=`` freezes.
    """
    slots: Any
    """The slots for applications, by default ``slots.open()`` of the firmware."""
    firmware: Any
    """On an ESP32 with two firmwares what writes them, else ``None``."""
    restart: Callable[[], Any]
    """The function that restarts the board, by default ``machine.reset``."""
    pause: float
    """Seconds until the restart, for the answer to arrive."""
    def __init__(
        self,
        app: Microdot,
        auth: Callable[[Any], Any],
        csrf: CSRF | None = None,
        path: str = '/update',
        key: _Key | None = None,
        slots: Any = None,
        restart: Callable[[], Any] | None = None,
    ) -> None: ...
    def state(self) -> dict[str, Any]: ...

def confirm() -> None: ...
def version_text(number: int) -> str: ...
