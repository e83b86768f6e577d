"""The same by Starlette."""

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route


async def index(request):
    return PlainTextResponse('Hello, world!')


async def put_state(request):
    return JSONResponse({'level': (await request.json())['level']})


app = Starlette(routes=[Route('/', index), Route('/state', put_state, methods=['PUT'])])
