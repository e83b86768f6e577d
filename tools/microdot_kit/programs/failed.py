"""Answers in place of an application that has ended: shows browsers what it has said.

    failed.py HOST PORT

The text comes by stdin. For `make run RELOAD=1`, with RELOAD in the environment (see livereload).
Whoever may see the error page (microdot.debug) sees this one; others get a plain 503.
"""

import os
import sys

import livereload
from microdot import Microdot, debug

ENDED = 'The application has ended. The next change of a file starts it again.'


def page(said):
    """Yield the parts of the page."""
    lines = [line for line in said.splitlines() if line.strip()] or [ENDED]
    title = debug._escape(lines[-1])
    yield debug._HEAD
    yield f'<title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{ENDED}</p>\n'
    yield from debug._code(said)
    yield '<h2>What it has said</h2>\n<pre>'
    yield from map(debug._line, lines)
    yield '</pre>\n</body>\n</html>\n'


def main(host, port):
    said = sys.stdin.read()
    livereload.install(Microdot, os.environ['RELOAD'])
    app = Microdot()

    @app.errorhandler(404)
    async def ended(request):
        if debug._may_see(request):
            return page(said), 503, debug._HEADERS
        return ENDED, 503

    try:
        app.run(host, int(port))
    except KeyboardInterrupt:
        pass


if __name__ == '__main__':
    main(*sys.argv[1:])
