"""A page for the people of a workshop: they log in, share files, talk, and see what is going on.

A session and a remembered login, forms that other sites cannot send, uploads that go to files
piece by piece, a WebSocket for the talk and server-sent events for the rest. It runs unchanged on
MicroPython and on CPython. All handlers are coroutines on one event loop, so nothing here needs a
lock.
"""

import asyncio
import gc

if hasattr(gc, 'threshold'):
    gc.threshold(16384)  # bytes between two collections: early ones leave the heap in larger pieces

import people
import shelf
from live import KEPT, Board

from microdot import Microdot, Request, abort, redirect, send_file
from microdot.csrf import CSRF
from microdot.login import Login
from microdot.multipart import FileUpload, FormDataIter
from microdot.session import Session
from microdot.sse import with_sse
from microdot.websocket import with_websocket
from utemplate.html import escape

REMEMBER_DAYS = 30
STATUS_SECONDS = 2
WRONG_LOGIN_SECONDS = 1  # that guessing takes at least
CACHE_SECONDS = 3600
TEXT_LENGTH = 500  # characters of a message
HEAP_NEEDED = 100 * 1024  # bytes, for modules that load later and for two browsers
TYPES = {'style.css': 'text/css', 'app.js': 'application/javascript', 'icon.svg': 'image/svg+xml'}
SITE_HEADERS = {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'; form-action 'self'",
    'Content-Type': 'text/html; charset=UTF-8',
}
ERRORS = {
    403: 'That request came from another site.',
    404: 'There is nothing at this address.',
    405: 'This address does not answer to that method.',
    413: 'That is more than the shelf takes at once.',
    500: 'Something went wrong on the device; its console says what.',
}

Request.max_content_length = 4 * 1024 * 1024  # bytes of an upload
Request.max_body_length = 2048  # bytes held in memory: the login form
FormDataIter.max_files = 4

app = Microdot()
CSRF(app)
Session(app, secret_key=people.secret())
login = Login()
board = Board()


@login.user_loader
def load_user(name):
    return people.find(name)


def page(file, texts, code=200):
    """An HTML file of the folder `static`, its places in braces filled in with texts."""
    with open('static/' + file) as file:
        html = file.read()
    for key in texts:
        html = html.replace('{' + key + '}', escape(texts[key]))
    return html, code, SITE_HEADERS


@app.get('/')
@login
async def index(request):
    return page('index.html', {'name': request.g.current_user.id})


@app.get('/login')
async def ask_for_login(request):
    if await login.get_current_user(request):
        return redirect('/')
    return page('login.html', {'error': '', 'name': ''})


@app.post('/login')
async def log_in(request):
    form = request.form or {}
    name = form.get('name', '').strip()[:40].lower()
    user = people.check(name, form.get('password', ''))
    if user is None:
        await asyncio.sleep(WRONG_LOGIN_SECONDS)
        error = 'That name and password do not go together.'
        return page('login.html', {'error': error, 'name': name}, 403)
    return await login.login_user(request, user, REMEMBER_DAYS if 'remember' in form else False)


@app.post('/logout')
async def log_out(request):
    await login.logout_user(request)
    return redirect('/login', 303)


@app.get('/static/<name>')
async def static(request, name):
    # Not `app.static`: it takes more memory, and the pages in there are not to be sent as they are.
    if name not in TYPES:
        abort(404)
    return send_file('static/' + name, 200, TYPES[name], max_age=CACHE_SECONDS)


@app.post('/files')
@login
async def upload(request):
    """Keep the files of a form; the answer has the names they are kept under."""
    names = []
    async for _, value in FormDataIter(request):
        if isinstance(value, FileUpload) and value.filename:
            name = shelf.free_place(value.filename)
            if name is None:
                abort(409, 'The shelf is full: remove a file first.')
            await value.save(shelf.path(name))
            names.append(name)
            board.tell_files()
    return {'names': names}, 201 if names else 400


@app.get('/files/<name>')
@login
async def download(request, name):
    if not shelf.has(name):
        abort(404)
    response = send_file(shelf.path(name), 200, 'application/octet-stream')
    # Whatever is in it: a file to keep, not a page of this site.
    response.headers['Content-Disposition'] = 'attachment; filename="' + name + '"'
    response.headers['X-Content-Type-Options'] = 'nosniff'
    return response


@app.delete('/files/<name>')
@login
async def remove(request, name):
    if not shelf.has(name):
        abort(404)
    shelf.remove(name)
    board.tell_files()
    return '', 204


@app.get('/events')
@login
@with_sse
async def events(request, sse):
    """What the page shows beside the talk: as it is, then whatever changes, and when."""
    sse.max_queue = 2  # a slow client gets fewer events, not a longer queue
    news = board.news.listen()
    await sse.send(shelf.items(), event='files')
    await sse.send(board.status(), event='status')
    async for message in news:
        await sse.send(message.data, event=message.event)


@app.create_task
async def beat():
    while True:
        await asyncio.sleep(STATUS_SECONDS)
        board.tell_status()


@app.get('/talk')
@login
@with_websocket(allowed_origins=True, max_message_length=2048, ping_interval=30)
async def talk(request, ws):
    """Every text that comes is a message for all; all messages go out, the last ones first of all.

    Receiving and sending take turns by themselves: who is slow to take messages misses some.
    """
    name = request.g.current_user.id

    async def say(text):
        if isinstance(text, str) and text.strip():
            board.say(name, text.strip()[:TEXT_LENGTH])

    board.enter(name)
    try:
        await board.talk.to_websocket(ws, say, last=KEPT)
    finally:
        board.leave(name)


def answer_error(code):
    """Register the error page for one status."""

    @app.errorhandler(code)
    async def handler(request):
        return page('error.html', {'code': str(code), 'text': ERRORS[code]}, code)


for code in ERRORS:
    answer_error(code)


if __name__ == '__main__':
    gc.collect()
    free = board.status()['free']
    if (free or HEAP_NEEDED) < HEAP_NEEDED:
        print('Uploads may fail: %d KB are left. Give it more: make run HEAP=256K' % (free // 1024))
    app.run(debug=True)
