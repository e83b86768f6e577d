"""The event loop and the threads that `microdot.wsgi` runs handlers in."""

import asyncio
import contextvars
import gc
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from environs import Answer, echo_app, environ

from microdot.wsgi import Microdot

LIB = Path(__file__).resolve().parents[2] / 'lib'
DEADLINE = 30


def test_threads():
    """Requests of several threads are handled at once, and all on one loop."""
    loops = []
    app = Microdot()
    waiting = []
    everybody = []

    @app.get('/<kind>')
    async def handler(request, kind):
        loops.append(asyncio.get_running_loop())
        if not waiting:
            everybody.append(asyncio.Event())
        waiting.append(kind)
        if len(waiting) == 4:
            everybody[0].set()
        await asyncio.wait_for(everybody[0].wait(), DEADLINE)
        return kind

    barrier = threading.Barrier(2, timeout=DEADLINE)

    @app.get('/sync/<kind>')
    def blocking(request, kind):
        barrier.wait()
        return kind

    answers = []
    paths = ['/a', '/b', '/c', '/d', '/sync/e', '/sync/f']
    threads = [
        threading.Thread(target=lambda p=path: answers.append(Answer(app, environ(path=p)).body))
        for path in paths
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert sorted(answers) == [b'a', b'b', b'c', b'd', b'e', b'f']
    assert set(loops) == {app.loop}


@pytest.mark.parametrize('debug', [False, True])
def test_where_handlers_run(debug):
    """Functions in the server's thread, coroutines on the loop, which that thread borrows."""
    app, seen = Microdot(), []
    app.loop.set_debug(debug)

    def note(name):
        seen.append((name, threading.get_ident() == here))

    @app.before_request
    def before(request):
        note('before')
        assert asyncio.run(asyncio.sleep(0, 'own loop')) == 'own loop'

    @app.get('/function')
    def function(request):
        note('function')
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return 'done'

    @app.get('/<kind>')
    async def coroutine(request, kind):
        loop = asyncio.get_running_loop()
        assert loop is app.loop and asyncio.current_task() in asyncio.all_tasks()
        note(kind)
        if kind == 'waits':
            await asyncio.wait_for(asyncio.sleep(0.01), DEADLINE)
            note('waited')
            assert await loop.run_in_executor(None, str, 5) == '5'
        return await asyncio.wait_for(returns('done'), DEADLINE)

    async def returns(value):
        return value

    here = threading.get_ident()
    for kind, notes in (
        ('function', [('before', True), ('function', True)]),
        ('at-once', [('before', True), ('at-once', True)]),
        ('waits', [('before', True), ('waits', True), ('waited', False)]),
    ):
        seen.clear()
        assert Answer(app, environ(path='/' + kind)).body == b'done'
        assert seen == notes
        assert asyncio._get_running_loop() is None
    assert sys.get_asyncgen_hooks() == (None, None)


def in_threads(count, call):
    """What call(i) returns in as many threads at once."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def test_coroutines_exclude_each_other():
    """Between two awaits nothing else runs on the loop, whatever thread has it."""
    counts = [0]

    async def handler(request):
        for _ in range(20):
            count = counts[0]
            time.sleep(0.0005)
            counts[0] = count + 1
            await asyncio.sleep(0)
        return 'done'

    app = echo_app(handler)
    assert in_threads(4, lambda i: Answer(app, environ()).body) == [b'done'] * 4
    assert counts == [80]


def test_busy_loop():
    """A loop that never waits is lent all the same."""
    app, spins = Microdot(), [0]

    @app.get('/')
    async def handler(request):
        async def spin():
            while True:
                spins[0] += 1
                await asyncio.sleep(0)

        app.spinning = asyncio.create_task(spin())
        return 'spinning'

    @app.get('/stop')
    async def stop(request):
        return str(app.spinning.cancel())

    assert Answer(app, environ()).body == b'spinning'
    while spins[0] < 10:
        time.sleep(0.001)
    assert Answer(app, environ(path='/stop')).body == b'True'


def test_what_a_handler_schedules():
    """The loop is woken for it: a callback, a timer, a future that another request waits for."""
    app, done = Microdot(), [threading.Event() for _ in range(3)]
    waiting = []

    @app.get('/soon')
    async def soon(request):
        asyncio.get_running_loop().call_soon(done[0].set)
        return 'x'

    @app.get('/later')
    async def later(request):
        asyncio.get_running_loop().call_later(0.01, done[1].set)
        return 'x'

    @app.get('/wait')
    async def wait(request):
        waiting.append(asyncio.Event())
        await waiting[0].wait()
        done[2].set()
        return 'x'

    @app.get('/set')
    async def set_it(request):
        waiting[0].set()
        return 'x'

    for path in ('/soon', '/later'):
        assert Answer(app, environ(path=path)).code == 200
    assert done[0].wait(DEADLINE) and done[1].wait(DEADLINE)
    thread = threading.Thread(target=lambda: Answer(app, environ(path='/wait')))
    thread.start()
    while not waiting:
        time.sleep(0.001)
    assert Answer(app, environ(path='/set')).code == 200
    assert done[2].wait(DEADLINE)
    thread.join(DEADLINE)


VARIABLE = contextvars.ContextVar('VARIABLE', default='unset')


def test_context_variables():
    """Handlers see those of the server's thread and of each other, and leave no trace there."""
    app, seen = Microdot(), []

    @app.before_request
    async def before(request):
        seen.append(VARIABLE.get())
        VARIABLE.set('before')

    @app.get('/function')
    def function(request):
        return VARIABLE.get()

    @app.get('/coroutine')
    async def coroutine(request):
        first = VARIABLE.get()
        VARIABLE.set('route')
        await asyncio.sleep(0.01)
        return first + VARIABLE.get()

    VARIABLE.set('server')
    assert Answer(app, environ(path='/function')).body == b'before'
    assert Answer(app, environ(path='/coroutine')).body == b'beforeroute'
    assert seen == ['server', 'server'] and VARIABLE.get() == 'server'


def test_tasks_go_on():
    done = threading.Event()

    async def handler(request):
        async def later():
            await asyncio.sleep(0.05)
            done.set()

        request.app.task = asyncio.create_task(later())
        return 'started'

    app = echo_app(handler)
    assert Answer(app, environ()).body == b'started'
    assert done.wait(DEADLINE)


def test_nothing_is_left():
    """The loop of an application that nobody needs any more ends, with its tasks and its thread."""
    cancelled = []

    async def handler(request):
        async def forever():
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

        tasks.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)
        return 'started'

    tasks = []
    app = echo_app(handler)
    assert Answer(app, environ()).body == b'started'
    loop, thread = app.loop, app.loop.thread
    assert loop.is_running() and thread.is_alive()
    del app
    gc.collect()
    thread.join(DEADLINE)
    assert loop.is_closed() and not thread.is_alive() and cancelled == [True]


PROGRAM = """
import os, sys
from microdot.wsgi import Microdot

app = Microdot()
tasks = []

@app.get('/')
async def index(request):
    import asyncio
    tasks.append(asyncio.create_task(asyncio.sleep(600)))
    return str(os.getpid())

@app.get('/sync')
def sync(request):
    return 'sync'

def ask(path):
    environ = {'REQUEST_METHOD': 'GET', 'PATH_INFO': path, 'SERVER_PROTOCOL': 'HTTP/1.1'}
    return b''.join(app(environ, lambda status, headers: None)).decode()

assert ask('/sync') == 'sync'
for _ in range(2):
    child = os.fork()
    assert ask('/') == str(os.getpid())
    if not child:
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
    assert ask('/') == str(os.getpid())
"""


def run_program(text):
    return subprocess.run(
        [sys.executable, '-X', 'dev', '-W', 'error', '-c', text],
        env={**os.environ, 'PYTHONPATH': str(LIB)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_forks_and_exit():
    """A forked process gets a loop of its own; processes end in good order, without a word."""
    ran = run_program(PROGRAM)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, '', '')


EXITING = """
import asyncio, signal, sys, time
from microdot.wsgi import Microdot

app = Microdot()
signal.signal(signal.SIGTERM, lambda *args: sys.exit('terminated'))

@app.on_shutdown
def end():
    print('end', flush=True)

@app.get('/')
async def index(request):
    async def leave():
        await asyncio.sleep(0.05)
        sys.exit()
    app.create_task(leave)
    await asyncio.sleep(60)

environ = {'REQUEST_METHOD': 'GET', 'PATH_INFO': '/', 'SERVER_PROTOCOL': 'HTTP/1.1'}
app(environ, lambda status, headers: None)
"""


def test_a_task_exits():
    """The server is told to end, as nobody would answer: its thread is not left waiting."""
    ran = run_program(EXITING)
    assert (ran.returncode, ran.stdout) == (1, 'end\n'), ran.stderr
    assert 'terminated' in ran.stderr
