from microdot import Microdot

app = Microdot()


@app.get('/')
@app.get('/hello/<name>')
async def hello(request, name='world'):
    return {'hello': name}


if __name__ == '__main__':
    app.run(debug=True)
