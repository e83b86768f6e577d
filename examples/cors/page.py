"""The other site: it only has a page, whose script talks to the API."""

from microdot import Microdot, send_file

app = Microdot()


@app.get('/')
async def index(request):
    return send_file('page.html')


if __name__ == '__main__':
    app.run(port=5001, debug=True)
