"""The site of somebody else: a harmless button that sends a form to the bank."""

from microdot import Microdot, send_file

app = Microdot()


@app.get('/')
async def index(request):
    return send_file('attacker.html')


if __name__ == '__main__':
    app.run(port=5001, debug=True)
