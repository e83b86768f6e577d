"""A shopping list that each visitor's browser keeps, in a signed cookie."""

import binascii
import os

from microdot import Microdot, redirect
from microdot.session import Session, with_session
from utemplate.html import escape

WEEK = 7 * 86400
HTML = {'Content-Type': 'text/html; charset=UTF-8', 'Cache-Control': 'no-store'}

app = Microdot()
# New at each start, so the lists end with it. To outlast it keep the key in a file, not in here.
Session(app, secret_key=binascii.hexlify(os.urandom(32)), lifetime=WEEK)


@app.get('/')
@with_session
async def index(request, session):
    with open('index.html') as file:
        html = file.read()
    items = ''.join(['<li>' + escape(item) for item in session.get('items', ())])
    return html.replace('{items}', items or '<li>Nothing yet.'), HTML


@app.post('/')
@with_session
async def add(request, session):
    item = (request.form or {}).get('item', '').strip()[:40]
    if item:
        session['items'] = (session.get('items', []) + [item])[-12:]  # a cookie has 4 KB
        session.save()
    return redirect('/', 303)


@app.post('/clear')
@with_session
async def clear(request, session):
    session.delete()
    return redirect('/', 303)


if __name__ == '__main__':
    app.run(debug=True)
