"""An application of a device: what it needs of the framework is the core alone.

Text, arguments in the path and in the query, headers, JSON in and out, a form, a cookie, a file, a
redirect, a refusal, a stream; handlers before and after each, and one for what is not found. This
and the others use what Microdot 2.7.0 documents, so that they run on it too.

The command is `basic.py PORT`, in a folder with style.css.
"""

import sys

from microdot import Microdot, Response, abort, redirect, send_file

app = Microdot()
state = {'lamp': 'off', 'level': 40, 'channels': [1, 2, 3], 'name': 'kitchen'}


@app.before_request
async def note(request):
    request.g.room = state['name']


@app.after_request
async def mark(request, response):
    response.headers['X-Room'] = request.g.room


@app.errorhandler(404)
async def not_found(request):
    return 'Nothing at ' + request.path, 404


@app.get('/')
async def index(request):
    return 'Hello, world!'


@app.get('/rooms/<name>')
async def room(request, name):
    return 'The room is ' + name


@app.get('/channels/<int:number>')
async def channel(request, number):
    return 'Channel %d' % (number + 1)


@app.get('/search')
async def search(request):
    limit = request.args.get('limit', 10, type=int)
    return '%d results for %s' % (limit, request.args['q'])


@app.get('/language')
async def language(request):
    return request.headers.get('Accept-Language', 'en')


@app.get('/state')
async def get_state(request):
    return state


@app.put('/state')
async def put_state(request):
    state['level'] = request.json['level']
    return {'level': state['level']}, 201


@app.post('/settings')
async def settings(request):
    return '%s/%s' % (request.form['name'], request.form['mode']), {'Cache-Control': 'no-store'}


@app.get('/visit')
async def visit(request):
    visits = int(request.cookies.get('visits', '0')) + 1
    response = Response('Visit %d' % visits)
    response.set_cookie('visits', str(visits), path='/', max_age=3600, http_only=True)
    return response


@app.get('/style.css')
async def style(request):
    return send_file('style.css', max_age=3600)


@app.get('/old')
async def old(request):
    return redirect('/')


@app.get('/private')
async def private(request):
    abort(403, 'Not for you')


@app.get('/log')
async def log(request):
    def lines():
        for number in range(5):
            yield 'line %d\n' % number

    return lines(), {'Content-Type': 'text/csv'}


if __name__ == '__main__':
    app.run(host='127.0.0.1', port=int(sys.argv[1]))
