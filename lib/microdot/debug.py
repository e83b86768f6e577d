"""The page that a browser shows for an exception of a handler: where, the request, and the routes.

Only with ``debug``, and only for somebody who may see the code: a browser that asks for HTML, on
this machine or, with ``debug='network'``, at a private address (RFC 1918, RFC 4193, link-local).
Others get the answer that they would get without this module.

Passwords travel in ``Authorization`` and ``Cookie``: their values are not shown.
"""

import sys
from io import StringIO

_LOCAL = ('127.', '::1')
_PRIVATE = _LOCAL + ('10.', '192.168.', '169.254.', 'fe80:', 'fc', 'fd')
_PRIVATE += tuple(['172.%d.' % n for n in range(16, 32)])
# What proxies add. Behind one on this machine, everybody seems to be on this machine.
_PROXY = ('Forwarded', 'X-Forwarded-For', 'X-Real-IP', 'Via')
_SECRET = ('authorization', 'cookie', 'proxy-authorization')
_OUR_HOSTS = ('localhost', '127.0.0.1', '[::1]')
_AROUND = 4  # lines of code before and after the one that failed
_HEADERS = {
    'Content-Type': 'text/html; charset=UTF-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'self'; style-src 'unsafe-inline'; img-src data:",
}
_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<style>
:root {
  color-scheme: light dark; --page: #f6f7f9; --card: #fff; --edge: #dfe3ea; --quiet: #566072;
  --bad: #b8202f; --mark: #fde0e0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151b; --card: #1b2028; --edge: #323a47; --quiet: #a3abb8; --bad: #ff8a92;
    --mark: #4a2329;
  }
}
* { box-sizing: border-box; overflow-wrap: anywhere; }
body { max-width: 62rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; background: var(--page); }
body { font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 .25rem; color: var(--bad); font-size: 1.4rem; line-height: 1.3; }
h2 { margin: 1.75rem 0 .5rem; font-size: 1.05rem; }
small { color: var(--quiet); }
pre, table { width: 100%; margin: .4rem 0; border: 1px solid var(--edge); border-radius: 8px; }
pre, table { background: var(--card); }
pre { padding: .6rem 0; overflow-x: auto; font: .85rem/1.55 ui-monospace, monospace; }
pre span { display: block; width: max-content; min-width: 100%; padding: 0 .9rem; }
pre .at { background: var(--mark); font-weight: 600; }
table { border-spacing: 0; font-size: .875rem; }
th, td { padding: .35rem .9rem; text-align: left; vertical-align: top; }
tr + tr > * { border-top: 1px solid var(--edge); }
th { width: 10rem; color: var(--quiet); font-weight: 500; }
@media (max-width: 40rem) { th { width: 7rem; } th, td { padding: .35rem .6rem; } }
</style>
"""


async def error_page(request, exc):
    """Return the response about an exception, or ``None`` if this client is not to see it.

    It is a handler of exceptions as for ``errorhandler``: ``None`` leaves the status 500, with its
    handler, to the application.

    :param request: the request.
    :param exc: the exception. For a ``MemoryError`` there is no page.
    """
    if isinstance(exc, MemoryError) or not request.app.debug or not _may_see(request):
        return None
    return _page(request, exc), 500, _HEADERS


def _may_see(request):
    """Tell whether the client of a request is a browser of somebody who may see the code."""
    headers = request.headers
    if getattr(request, 'asgi_scope', None) or getattr(request, 'environ', None):
        return False
    for name in _PROXY:
        if name in headers:
            return False
    if not _prefers_html(headers.get('Accept', '')):
        return False
    host = _host(request.client_addr)
    if request.app.debug == 'network':
        return host.startswith(_PRIVATE)
    # A name of another site that leads to this machine is an attack (DNS rebinding).
    name = headers.get('Host', '')
    name = name[: name.find(']') + 1] if name[:1] == '[' else name.split(':')[0]
    return host.startswith(_LOCAL) and name in _OUR_HOSTS


def _host(address):
    """Return the host of a ``client_addr``, which MicroPython's unix port gives as bytes."""
    if not isinstance(address, tuple):
        import socket

        family, packed = socket.sockaddr(address)[:2]
        return socket.inet_ntop(family, packed)
    host = str(address[0])
    return host[7:] if host.startswith('::ffff:') else host


def _prefers_html(accept):
    """Tell whether HTML is what a client wants most (RFC 9110, section 12.5.1)."""
    qualities = {}
    for part in accept.lower().split(','):
        kind, _, parameters = part.partition(';')
        quality = 1.0
        for parameter in parameters.split(';'):
            name, _, value = parameter.strip().partition('=')
            if name == 'q':
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        qualities[kind.strip()] = quality
    wanted = qualities.get('text/html', 0.0)
    return wanted > 0 and wanted >= max(qualities.values())


def _escape(text):
    text = str(text).replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')
    return text.replace('"', '&quot;')


def _page(request, exc):
    """Yield the parts of the page."""
    trace = _trace(exc)
    title = _escape('%s: %s' % (type(exc).__name__, exc))
    yield _HEAD
    yield '<title>%s</title>\n</head>\n<body>\n<h1>%s</h1>\n' % (title, title)
    yield '<p>%s %s</p>\n' % (_escape(request.method), _escape(request.url))
    yield from _code(trace)
    yield '<h2>Traceback</h2>\n<pre>'
    for line in trace.split('\n'):
        if line.strip():
            yield _line(line)
    yield '</pre>\n<h2>Request</h2>\n<table>\n'
    for name, value in _about(request):
        yield _row(name, value)
    yield '</table>\n<h2>Routes</h2>\n<table>\n'
    for methods, pattern, f, _, _ in request.app.url_map:
        yield _row(', '.join(methods), '%s: %s' % (pattern.url_pattern, _name(f)))
    who = 'in this network' if request.app.debug == 'network' else 'on this machine'
    yield '</table>\n<p><small>Browsers %s see this page, as debug is on.</small></p>\n' % who
    yield '</body>\n</html>\n'


def _line(text, mark=''):
    return '<span%s>%s</span>' % (mark, _escape(text))


def _row(name, value):
    return '<tr><th scope="row">%s</th><td>%s</td></tr>\n' % (_escape(name), _escape(value))


def _name(f):
    return getattr(f, '__name__', None) or str(f)


def _about(request):
    """Yield what is known about a request, as pairs of texts."""
    yield 'Client', _host(request.client_addr)
    yield 'Arguments', ', '.join(['%s=%r' % pair for pair in request.url_args.items()]) or 'none'
    for name, value in request.headers.items():
        yield name, '(not shown)' if name.lower() in _SECRET else value


def _trace(exc):
    """Return the traceback of an exception as text."""
    text = StringIO()
    if hasattr(sys, 'print_exception'):
        sys.print_exception(exc, text)
    else:
        import traceback

        traceback.print_exception(type(exc), exc, exc.__traceback__, file=text)
    return text.getvalue()


def _place(trace):
    """Return (file, line, function) of the last place of a traceback in the application's code.

    ``None`` if there is none, as in firmware without line numbers.
    """
    found = None
    for line in trace.split('\n'):
        line = line.strip()
        if line.startswith('File "'):
            file, _, rest = line[6:].partition('", line ')
            number, _, function = rest.partition(', in ')
            others = '/microdot/' in '/' + file or '/lib/python' in file
            if number.isdigit() and not others:
                found = file, int(number), function
    return found


def _code(trace):
    """Yield the lines of code around the place of a traceback, if the file can be read."""
    place = _place(trace)
    if not place:
        return
    file, number, function = place
    try:
        with open(file) as source:
            function = function and ', in ' + _escape(function)  # none where it does not compile
            yield '<h2>%s, line %d%s</h2>\n<pre>' % (_escape(file), number, function)
            for n, line in enumerate(source, 1):
                if n > number + _AROUND:
                    break
                if n >= number - _AROUND:
                    mark = ' class="at"' if n == number else ''
                    yield _line('%4d  %s' % (n, line.rstrip()), mark)
            yield '</pre>\n'
    except OSError:
        pass
