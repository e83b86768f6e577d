"""Names that would lead out of a directory of static files, or to what should stay unseen."""

import os

from microdot import Microdot
from microdot.static import Static, is_safe
from microdot.test_client import TestClient
from support import MICROPYTHON, skip

FOLDER = __file__[: __file__.rfind('/') + 1]
ROOT = FOLDER + 'static'
ABSOLUTE = FOLDER + 'support.py'  # a file that exists, however this one was named
if ABSOLUTE[0] != '/':
    ABSOLUTE = (os.getcwd() + '/' + ABSOLUTE).replace('/./', '/')

# names (percent-decoded), whether they are safe, whether they are safe when hidden ones are served
NAMES = (
    ('index.html', True, True),
    ('sub/index.html', True, True),
    ('a b.txt', True, True),
    ('\u00fc\u20ac.txt', True, True),
    ('a..b', True, True),
    ('a.', True, True),
    ('backup~', True, True),
    ('~user', True, True),
    ('a-long-name-of-a-file~1.txt', True, True),
    ('%2e%2e', True, True),  # was encoded twice: just a strange name
    ('.secret', False, True),
    ('sub/.git/config', False, True),
    ('.well-known/acme', False, True),
    ('SECRET~1', False, True),
    ('sub/HTPASS~2.TXT', False, True),
    ('', False, False),
    ('.', False, False),
    ('..', False, False),
    ('...', False, False),
    ('.. ', False, False),
    (' ', False, False),
    ('. .', False, False),
    ('../support.py', False, False),
    ('sub/../index.html', False, False),
    ('sub/..', False, False),
    ('sub/./index.html', False, False),
    ('sub//index.html', False, False),
    ('/index.html', False, False),
    ('//', False, False),
    ('index.html/', False, False),
    (ABSOLUTE, False, False),
    ('..\\support.py', False, False),
    ('sub\\index.html', False, False),
    ('\\index.html', False, False),
    ('C:index.html', False, False),
    ('C:/index.html', False, False),
    ('index.html::$DATA', False, False),
    ('index.html\0', False, False),
    ('index.html\0.png', False, False),
    ('index.html\n', False, False),
    ('a\x1bb', False, False),
    ('a\x7f', False, False),
)

# paths in a request line after the prefix; each is 404, or 400 if no server may take it
HOSTILE = (
    '../support.py',
    '..%2fsupport.py',
    '..%2Fsupport.py',
    '%2e%2e/support.py',
    '%2E%2E%2Fsupport.py',
    '%252e%252e/support.py',
    '%252e%252e%252fsupport.py',
    '.%2e/support.py',
    '%2e./support.py',
    '..%5csupport.py',
    '..\\support.py',
    '%5c%5chost%5cshare',
    '..;/support.py',
    '..%00/support.py',
    '....//support.py',
    '.../support.py',
    'sub/../../support.py',
    'sub/%2e%2e/%2e%2e/support.py',
    'sub/deep/../../../support.py',
    '/support.py',
    '/etc/passwd',
    '%2fetc%2fpasswd',
    '//etc/passwd',
    ABSOLUTE,
    '%2f' + ABSOLUTE[1:],
    '/' + ABSOLUTE,
    'C:/windows/win.ini',
    'c:%5cwindows%5cwin.ini',
    'file:///etc/passwd',
    '%c0%ae%c0%ae/support.py',
    '%e0%80%ae%e0%80%ae/support.py',
    '%u002e%u002e/support.py',
    '\uff0e\uff0e/support.py',
    'index.html%00',
    'index.html%00.png',
    'index.html%0d%0aX: y',
    'index.html%20',
    'index.html.',
    'index.html/.',
    'index.html/',
    'sub/..',
    'sub/.',
    'sub//',
    '/sub',
    '//',
    '%2f',
    '.',
    './',
    '..',
    '../',
    '.secret',
    '%2esecret',
    './.secret',
    'sub/%2e%2e/.secret',
    '.SECRET',
    'SECRET~1',
    'CON',
    'NUL.txt',
    'x' * 1500,
    'x/' * 100,
)


def test_names():
    for name, safe, with_hidden in NAMES:
        assert is_safe(name) is safe, name
        assert is_safe(name, True) is with_hidden, name


async def test_hostile_paths():
    for prefix in ('/static/', '/'):
        app = Microdot()
        app.static(prefix, ROOT)
        client = TestClient(app)
        for path in HOSTILE:
            res = await client.get(prefix + path)
            assert res.status_code in (400, 404), (path, res.status_code)
            assert res.text in ('Bad request', 'Not found'), path


async def test_paths_given_to_serve():
    files = Static(ROOT, hidden=True)
    app = Microdot()

    @app.get('/')
    async def serve(request):
        return await files.serve(request, app.name)

    client = TestClient(app)
    for name, _, safe in NAMES:
        if name and not safe:
            app.name = name
            assert (await client.get('/')).status_code == 404, name
    app.name = '.secret'
    assert (await client.get('/')).body == b'secret\n'


async def test_redirects_stay_on_the_host():
    app = Microdot()
    app.static('/', ROOT)
    client = TestClient(app)
    for path in ('//sub', '///sub', '/%2fsub', '/\\sub', '/%5csub', '//example.com/sub', '/./sub'):
        assert (await client.get(path)).status_code == 404, path
    files = Static(ROOT)

    @app.get('/<path:path>')
    async def own(request, path):
        return await files.serve(request, 'sub')

    app._routes.reverse()
    res = await client.get('//example.com/sub')
    assert (res.status_code, res.headers['Location']) == (302, '/example.com/sub/')


async def test_devices_and_pipes():
    if not hasattr(os, 'system' if MICROPYTHON else 'mkfifo'):
        skip('no pipes on this port')
    files = Static('/dev')
    assert await files.source.find('null') is None
    assert await files.source.find('zero') is None
    assert await Static('/').source.find('dev/null') is None
    assert await Static('/').source.find(ABSOLUTE[1:]) is not None


async def test_links():
    if MICROPYTHON:
        skip('it cannot tell links')
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        inside = folder + '/inside'
        os.mkdir(inside)
        os.mkdir(folder + '/inside-too')
        for name in ('inside/file.txt', 'inside-too/file.txt', 'outside.txt', 'outside.txt.gz'):
            with open(folder + '/' + name, 'w') as f:
                f.write(name)
        os.mkfifo(inside + '/pipe')
        for target, link in (
            ('file.txt', 'fine.txt'),
            ('../outside.txt', 'up.txt'),
            (folder + '/outside.txt', 'absolute.txt'),
            (folder, 'folder'),
            (folder + '/inside-too', 'too'),
            ('../outside.txt.gz', 'file.txt.gz'),
            ('pipe', 'pipe.txt'),
            ('loop', 'loop'),
            ('none', 'broken'),
        ):
            os.symlink(target, inside + '/' + link)
        os.symlink(inside, folder + '/link')
        # name, whether it is found, whether it is found when links are followed
        cases = (
            ('file.txt', True, True),
            ('fine.txt', True, True),
            ('up.txt', False, True),
            ('absolute.txt', False, True),
            ('folder/outside.txt', False, True),
            ('too/file.txt', False, True),
            ('file.txt.gz', False, True),
            ('pipe', False, False),
            ('pipe.txt', False, False),
            ('loop', False, False),
            ('broken', False, False),
        )
        for root in (inside, folder + '/link'):
            for follow_links in (False, True):
                source = Static(root, follow_links=follow_links).source
                for name, *found in cases:
                    assert bool(await source.find(name)) == found[follow_links], (name, root)
