from ssl import SSLContext

from .application import Microdot

class Hosted(Microdot):
    embedded_server: bool
    """Whether the framework's own server runs the application."""
    def run(
        self,
        host: str = '0.0.0.0',
        port: int = 5000,
        debug: bool | str = False,
        ssl: SSLContext | None = None,
    ) -> None: ...
