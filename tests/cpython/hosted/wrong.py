"""Applications of each `Microdot`, for servers of another interface."""

import microdot
from microdot import asgi, wsgi

core = microdot.Microdot()
of_asgi = asgi.Microdot()
of_wsgi = wsgi.Microdot()
