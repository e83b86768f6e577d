from .microdot import *
from .microdot import __all__ as __all__

__version__: str
