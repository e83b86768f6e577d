"""An API that scripts of one other site may use from a browser, and those of no further one."""

from microdot import Microdot
from microdot.cors import CORS

app = Microdot()
CORS(
    app,
    allowed_origins=['http://localhost:5001'],
    allowed_methods=['GET', 'PUT'],
    max_age=600,
    vary_always=True,  # a cache in between keeps an answer for each origin
)
lamp = {'on': False}


@app.get('/lamp')
async def show(request):
    return lamp


@app.put('/lamp')
async def switch(request):
    lamp['on'] = bool(isinstance(request.json, dict) and request.json.get('on'))
    return lamp


@app.delete('/lamp')
async def reset(request):
    lamp['on'] = False
    return lamp


if __name__ == '__main__':
    app.run(port=5000, debug=True)
