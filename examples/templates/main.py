"""Pages from templates that are compiled to Python, on MicroPython and on CPython."""

from notes import Notes

from microdot import Microdot, redirect
from microdot.utemplate import Template

HTML = {'Content-Type': 'text/html; charset=UTF-8'}

app = Microdot()
notes = Notes()
Template.initialize('templates', autoescape=True)
Template('index.html')  # compiled now, while there is memory, instead of by the first request


@app.get('/')
async def index(request):
    # A generator: the page is sent in small parts and is never in memory as a whole.
    return Template('index.html').generate(title='Notes', notes=notes), HTML


@app.post('/')
async def add(request):
    notes.add((request.form or {}).get('text', ''))
    return redirect('/', 303)


if __name__ == '__main__':
    app.run(debug=True)
