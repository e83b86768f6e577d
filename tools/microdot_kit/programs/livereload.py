"""Tells browsers that the server has started again, for `make run RELOAD=1`, on both runtimes.

Each application gets a route PATH, which is a script, or with `?events` a stream that lasts as long
as the server and tells which start it is. HTML pages get the script at their end. It loads the page
again when the stream comes back from another start.
"""

import asyncio

from microdot import Response

PATH = '/_reload'
BEAT_SECONDS = 5  # between two signs of life, by which the server notices who has gone
TAG = '\n<script src="/_reload"></script>\n'
SCRIPT = """\
let start = '';
new EventSource('/_reload?events').onmessage = ({data}) => {
  if (start && start !== data) location.reload();
  start = data;
};
"""


class Events:
    """The body of the stream: the number of the start, then comments."""

    def __init__(self, start):
        self.next = 'retry: 300\ndata: %s\n\n' % start

    def __aiter__(self):
        return self

    async def __anext__(self):
        text, self.next = self.next, None
        if text is None:
            await asyncio.sleep(BEAT_SECONDS)
            text = ':\n\n'
        return text


class Tagged:
    """The body of a page, of whichever kind it is, then the script."""

    def __init__(self, response):
        self.parts = response.body_iter()
        self.rest = [TAG]

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return await self.parts.__anext__()
        except StopAsyncIteration:
            if not self.rest:
                raise
            return self.rest.pop()

    async def aclose(self):
        if hasattr(self.parts, 'aclose'):
            await self.parts.aclose()


def is_page(request, response):
    """Whether a response is HTML that a script can be put into."""
    headers = response.headers
    return (
        request
        and request.method != 'HEAD'
        and response.status_code not in (204, 206, 304)
        and headers.get('Content-Type', '').startswith('text/html')
        and 'Content-Encoding' not in headers
    )


async def tag(request, response):
    """Return a page with the script at its end; another response is left as it is."""
    if not is_page(request, response):
        return None
    response.headers.pop('Content-Length', None)
    return Response(Tagged(response), response.status_code, response.headers, response.reason)


def install(kind, start):
    """Make every application of that class tell browsers the number of this start."""
    original = kind.__init__

    def make(app, *args, **kwargs):
        original(app, *args, **kwargs)

        @app.get(PATH)
        async def reload(request):
            headers = {'Cache-Control': 'no-store', 'Content-Type': 'text/javascript'}
            if request.query_string != 'events':
                return SCRIPT, headers
            headers['Content-Type'] = 'text/event-stream'
            return Events(start), headers

        app.after_request(tag)
        app.after_error_request(tag)

    kind.__init__ = make
