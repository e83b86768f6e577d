"""`CSRF` over plain HTTP in Chromium: what a page of another site makes it send to a board.

Two names lead to this machine. To servers without TLS, other than `localhost`, the browser sends no
`Sec-Fetch-Site`, and no `Origin` with a GET.
"""

import pytest
from servers import RUNTIMES, ServerProcess

from browsing import launched

PROGRAM = """
import sys
from microdot import Microdot
from microdot.csrf import CSRF

app = Microdot()
app.allowed_hosts = ('board.test', 'evil.test', 'h')  # which this program is, too
csrf = CSRF(app)
restarts = []

@app.get('/')
async def index(request):
    return '<a href="/restart">Restart</a>', {'Content-Type': 'text/html'}

@app.get('/restart')
@csrf.protect
async def restart(request):
    restarts.append(request.headers.get('Referer'))
    return 'restarted'

@app.post('/save')
async def save(request):
    restarts.append(request.headers.get('Origin'))
    return 'saved'

@app.get('/count')
async def count(request):
    return str(len(restarts))

@app.get('/evil/<kind>')
async def evil(request, kind):
    board = 'http://board.test:' + request.headers['Host'].split(':')[1]
    return PAGES[kind].replace('BOARD', board), {'Content-Type': 'text/html'}

PAGES = {
    'image': '<img src="BOARD/restart">',
    'silent': '<meta name="referrer" content="no-referrer"><img src="BOARD/restart">',
    'link': '<a id="go" href="BOARD/restart">Kittens</a>',
    'silent-link': '<a id="go" rel="noreferrer" href="BOARD/restart">Kittens</a>',
    'form': '<form method="post" action="BOARD/save"><button id="go">Kittens</button></form>',
    'form-get': '<form action="BOARD/restart"><button id="go">Kittens</button></form>',
    'script': '<script>fetch("BOARD/restart", {mode: "no-cors"})</script>',
}

app.run(host='127.0.0.1', port=int(sys.argv[1]))
"""


@pytest.fixture(scope='module')
def chromium():
    with launched('--host-resolver-rules=MAP *.test 127.0.0.1') as browser:
        yield browser


@pytest.mark.parametrize('runtime', RUNTIMES)
def test_other_sites(runtime, chromium, tmp_path):
    program = tmp_path / 'program.py'
    program.write_text(PROGRAM)
    with ServerProcess(runtime, program=program) as server:
        board, evil = (f'http://{name}.test:{server.port}' for name in ('board', 'evil'))
        context = chromium.new_context()
        page = context.new_page()
        page.set_default_timeout(30_000)
        for kind in ('image', 'silent', 'script'):
            with page.expect_response(f'{board}/restart') as answer:
                page.goto(f'{evil}/evil/{kind}')
            assert answer.value.status == 403, kind
        for kind in ('link', 'silent-link', 'form', 'form-get'):
            page.goto(f'{evil}/evil/{kind}')
            with page.expect_navigation() as answer:
                page.locator('#go').click()
            assert answer.value.status == 403, kind
        # The address bar says nothing either; a link on a page of the board does.
        assert page.goto(f'{board}/restart').status == 403
        assert page.goto(f'{board}/count').text() == '0'
        page.goto(f'{board}/')
        with page.expect_navigation() as answer:
            page.get_by_text('Restart').click()
        assert answer.value.status == 200
        assert page.goto(f'{board}/count').text() == '1'
        assert page.goto(f'http://other.test:{server.port}/count').status == 421
        context.close()
