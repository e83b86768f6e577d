"""The second application with sessions, which Microdot has only where there is a module `jwt`.

The command is `sessions.py PORT`.
"""

import sys

from live import app

from microdot.session import Session, with_session

Session(app, secret_key='a secret of thirty-two characters')


@app.post('/login')
@with_session
async def login(request, session):
    session['user'] = request.form['user']
    session.save()
    return 'Welcome'


@app.get('/user')
@with_session
async def user(request, session):
    return session.get('user', 'nobody')


if __name__ == '__main__':
    app.run(host='127.0.0.1', port=int(sys.argv[1]))
