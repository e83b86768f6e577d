"""Hello for WSGI servers: `waitress-serve hello_wsgi:app`. Run as a program it serves itself."""

from microdot.wsgi import Microdot

app = Microdot()


@app.get('/')
@app.get('/hello/<name>')
async def hello(request, name='world'):
    return {'hello': name}


if __name__ == '__main__':
    app.run(debug=True)
