from typing import Any

from .application import Microdot

class Hosted(Microdot):
    embedded_server: bool
    def run(  # type: ignore[override]
        self, host: str = '0.0.0.0', port: int = 5000, debug: bool = False, **options: Any
    ) -> None: ...
