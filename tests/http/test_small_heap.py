"""MicroPython with 96 KB of heap, the package compiled from source: crowds do not exhaust it."""

import contextlib
import subprocess

import pytest
import servers
from servers import ServerProcess, get, status

import needs


@pytest.fixture
def server():
    needs.micropython()
    with ServerProcess('micropython', heap='96K') as process:
        yield process
        # There may be MemoryErrors, which are reported; what counts is who is still served.
        assert process.body('/') == b'index'


def answers(server):
    """Whether a request is answered well: while the heap is used up it may be refused or reset.

    Not waited for long: a connection that MicroPython accepts without memory for its socket object
    stays open, unknown to anybody.
    """
    try:
        with server.connect() as sock:
            sock.settimeout(1)
            sock.sendall(get('/', 'Connection: close'))
            return status(servers.read_all(sock)) == 200
    except OSError:
        return False


def crowd(server, count, data=b''):
    """A context that keeps this many connections open, each with the same bytes sent."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            sock = stack.enter_context(server.connect())
            sock.sendall(data)
        return stack.pop_all()


@pytest.mark.parametrize('part', [b'', b'GET / HT', get('/', 'X: ' + 'a' * 1000)[:-2]])
def test_sixty_silent_connections_do_not_stop_the_next_request(server, part):
    with crowd(server, 60, part):
        for _ in range(5):
            assert server.body('/') == b'index'


def test_sixty_uploads_that_stall_do_not_end_the_server(server):
    head = get('/echo', 'Content-Length: 10000', method='POST')
    with crowd(server, 60, head + b'x' * 3000):
        answers(server)
    servers.eventually(lambda: answers(server))


def test_a_heap_that_is_used_up_for_a_while(tmp_path):
    needs.micropython()
    program = tmp_path / 'hungry.py'
    program.write_text(HUNGRY)
    with ServerProcess('micropython', heap='96K', program=program) as server:
        with server.connect() as eater:
            eater.sendall(get('/eat'))
            servers.eventually(lambda: 'eaten' in server.log())
            for _ in range(5):  # whatever becomes of these
                with contextlib.suppress(OSError), server.connect() as sock:
                    sock.settimeout(0.3)
                    sock.sendall(get('/'))
                    sock.recv(100)
        servers.eventually(lambda: answers(server))
        assert server.process.poll() is None, server.log()


HUNGRY = """
import asyncio, sys
from microdot import Microdot

app = Microdot()


@app.get('/')
async def index(request):
    return 'index'


@app.get('/eat')
async def eat(request):
    food = []
    size = 2048
    while size > 16:
        try:
            food.append(bytearray(size))
        except MemoryError:
            size //= 2
    print('eaten')
    await asyncio.sleep(2)
    return str(len(food))


app.run('127.0.0.1', int(sys.argv[1]))
"""


def threshold(*statements):
    """What `gc.threshold()` is after these statements, in 192 KB."""
    script = '\n'.join(['import gc', *statements, 'print(gc.threshold())'])
    command = [needs.micropython(), '-X', 'heapsize=192K', '-c', script]
    ended = subprocess.run(command, env=servers.environment(), capture_output=True, text=True)
    return int(ended.stdout)


SERVED = (
    'from microdot import Microdot',
    'import asyncio',
    'app = Microdot()',
    'async def main():',
    '    task = asyncio.create_task(app.start_server("127.0.0.1", 0))',
    '    await asyncio.sleep(0)',
    '    app.shutdown()',
    '    await task',
    'asyncio.run(main())',
)


def test_the_heap_is_collected_before_it_is_full():
    imported = threshold('import microdot')
    assert 16384 <= imported < 192 * 1024 // 5
    assert threshold('gc.threshold(20000)', 'import microdot') == 20000
    served = threshold(
        *SERVED, 'free = gc.mem_free()', 'print = lambda n, p=print: p(n * 100 // free)'
    )
    assert 30 < served < 60, 'percent of the free heap'
    assert threshold('gc.threshold(20000)', *SERVED) == 20000
    assert threshold('import microdot', 'gc.threshold(20000)', *SERVED) == 20000
