"""The same as main.py with Jinja, on CPython. Jinja is in requirements.txt."""

from notes import Notes

from microdot import Microdot, redirect
from microdot.jinja import Template

HTML = {'Content-Type': 'text/html; charset=UTF-8'}

app = Microdot()
notes = Notes()
Template.initialize('jinja', enable_async=True, trim_blocks=True)


@app.get('/')
async def index(request):
    return await Template('index.html').render_async(title='Notes', notes=notes), HTML


@app.post('/')
async def add(request):
    notes.add((request.form or {}).get('text', ''))
    return redirect('/', 303)


if __name__ == '__main__':
    app.run(debug=True)
