"""The page about an exception: who sees it and what is in it, and that others see nothing of it."""

from microdot import Microdot, Request
from microdot.debug import error_page
from support import MICROPYTHON
from wire import serve

HTML = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'
HERE = {'Host': 'localhost:5000', 'Accept': HTML}
LOCAL = ('127.0.0.1', 1234)
LAN = ('192.168.1.7', 1234)
BOARD = {'Host': '192.168.1.20', 'Accept': HTML}

# (debug, client_addr, headers, whether the page is seen)
SEEN = (
    (True, LOCAL, HERE, True),
    (True, ('::1', 1234, 0, 0), dict(HERE, Host='[::1]:5000'), True),
    (True, ('::ffff:127.0.0.1', 1234, 0, 0), dict(HERE, Host='127.0.0.1'), True),
    (False, LOCAL, HERE, False),
    (True, LAN, BOARD, False),
    # Another site's name for this machine.
    (True, LOCAL, dict(HERE, Host='evil.example:5000'), False),
    (True, LOCAL, dict(HERE, Host='localhost.evil.example'), False),
    (True, LOCAL, {'Accept': HTML}, False),
    # A proxy on this machine, for anybody.
    (True, LOCAL, dict(HERE, **{'X-Forwarded-For': '203.0.113.7'}), False),
    (True, LOCAL, dict(HERE, Forwarded='for=203.0.113.7'), False),
    (True, LOCAL, dict(HERE, Via='1.1 proxy'), False),
    (True, LOCAL, dict(HERE, **{'X-Real-IP': '203.0.113.7'}), False),
    ('network', LAN, dict(BOARD, Via='1.1 proxy'), False),
    # What a client wants.
    (True, LOCAL, {'Host': 'localhost'}, False),
    (True, LOCAL, dict(HERE, Accept='*/*'), False),
    (True, LOCAL, dict(HERE, Accept='application/json'), False),
    (True, LOCAL, dict(HERE, Accept='application/json, text/html;q=0.9'), False),
    (True, LOCAL, dict(HERE, Accept='text/html;q=0'), False),
    (True, LOCAL, dict(HERE, Accept='text/html;q=x'), False),
    (True, LOCAL, dict(HERE, Accept='TEXT/HTML ; level=1; q=0.5, */*;q=0.1'), True),
    # The network.
    ('network', LOCAL, HERE, True),
    ('network', LAN, BOARD, True),
    ('network', ('10.0.0.1', 1), BOARD, True),
    ('network', ('172.16.0.1', 1), BOARD, True),
    ('network', ('172.31.255.1', 1), BOARD, True),
    ('network', ('172.32.0.1', 1), BOARD, False),
    ('network', ('169.254.1.1', 1), BOARD, True),
    ('network', ('fe80::1', 1, 0, 2), BOARD, True),
    ('network', ('fd00::1', 1, 0, 0), BOARD, True),
    ('network', ('203.0.113.7', 1), BOARD, False),
    ('network', ('2001:db8::1', 1, 0, 0), BOARD, False),
    ('network', ('100.64.0.1', 1), BOARD, False),
)


async def page_of(request, exc):
    result = await error_page(request, exc)
    return None if result is None else ''.join(list(result[0]))


async def test_who_sees_it():
    for debug, client, headers, seen in SEEN:
        app = Microdot()
        app.debug = debug
        request = Request(app, client, 'GET', '/', '1.1', headers)
        page = await page_of(request, ValueError('x'))
        assert (page is not None) == seen, (debug, client, headers)


async def test_not_under_other_servers():
    app = Microdot()
    app.debug = True
    for name in ('asgi_scope', 'environ'):
        request = Request(app, LOCAL, 'GET', '/', '1.1', HERE)
        setattr(request, name, {'x': 1})
        assert await error_page(request, ValueError()) is None


async def test_no_page_when_memory_is_out():
    app = Microdot()
    app.debug = True
    request = Request(app, LOCAL, 'GET', '/', '1.1', HERE)
    assert await error_page(request, MemoryError()) is None


def failing(with_page):
    app = Microdot()
    if with_page:
        app.errorhandler(Exception)(error_page)

    @app.get('/fail/<path:what>')
    async def fail(request, what):
        raise ValueError('<b>' + what + '</b>')

    sub = Microdot()

    @sub.get('/fail')
    async def fail_there(request):
        return {}['missing']

    @sub.errorhandler(500)
    async def own(request):
        return 'the own text', 500, {'X-Own': 'yes'}

    app.mount(sub, '/sub', local=True)
    return app


def asking(path, **headers):
    headers = dict(HERE, **headers)
    lines = ['GET %s HTTP/1.1' % path] + ['%s: %s' % pair for pair in headers.items()]
    return '\r\n'.join(lines).encode() + b'\r\n\r\n'


async def test_what_is_in_it():
    app = failing(True)
    async with serve(app) as server:
        app.debug = True
        client = await server.open()
        secrets = {'Cookie': 'session=secret1', 'Authorization': 'Basic secret2', 'X-Seen': '<i>'}
        await client.send(asking('/fail/a%3Cb?c=<d>', **secrets))
        reply = await client.response()
        page = reply.body.decode()
        assert reply.status == 500
        assert reply.header('Content-Type') == 'text/html; charset=UTF-8'
        assert reply.header('Cache-Control') == 'no-store'
        assert "default-src 'self'" in reply.header('Content-Security-Policy')
        assert page.endswith('</html>\n')
        assert '<h1>ValueError: &lt;b&gt;a&lt;b&lt;/b&gt;</h1>' in page
        assert '<b>' not in page and '<i>' not in page and '<d>' not in page
        assert 'secret' not in page and '(not shown)' in page
        assert 'X-Seen</th><td>&lt;i&gt;' in page
        assert 'raise ValueError(' in page  # the line of the source
        assert '<span class="at">' in page
        assert 'test_debug.py, line ' in page and ', in fail</h2>' in page
        assert '/sub/fail: fail_there' in page
        assert 'Browsers on this machine see this page' in page
        # The connection goes on.
        await client.send(asking('/sub/fail'))
        reply = await client.response()
        assert "KeyError: 'missing'" in reply.body.decode() or MICROPYTHON
        assert reply.body.decode().count('<h1>KeyError: ') == 1
        await client.close()


async def test_others_get_the_same_bytes():
    replies = []
    for with_page in (False, True):
        app = failing(with_page)
        async with serve(app) as server:
            app.debug = with_page
            for path in ('/fail/x', '/sub/fail', '/nothing'):
                client = await server.open()
                await client.send(asking(path, Accept='*/*', Connection='close'))
                reply = await client.response()
                headers = [pair for pair in reply.headers if pair[0] != 'Date']
                replies.append((path, reply.status, headers, reply.body))
                await client.close()
    assert replies[:3] == replies[3:]
    assert replies[0][1:2] + replies[0][3:] == (500, b'Internal server error')
    assert replies[1][3] == b'the own text'


async def test_a_place_without_source():
    """Such as frozen code, which has no file to be shown."""
    app = Microdot()
    app.debug = True
    request = Request(app, LOCAL, 'GET', '/', '1.1', HERE)
    names = {}
    exec(compile('def f():\n    raise OSError(5)\n', 'nowhere.py', 'exec'), names)
    try:
        names['f']()
    except OSError as exc:
        page = await page_of(request, exc)
    assert 'nowhere.py' in page
    assert '</h2>\n<pre><span' not in page.split('<h2>Traceback')[0]
