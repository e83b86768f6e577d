"""Serves the application of one file, on either runtime. `make run` calls it through run.py.

    micropython serve.py FILE NAME HOST PORT URL

The file runs as if it had been started itself, in the current folder. What it calls, `app.run()` or
`start_server()`, listens on the given host and port instead of its own. If it starts no server, its
application is served: the one called NAME, or without a NAME `app`, or the only one it has.

QR_HTTP or QR_HTTPS of the environment, whichever it speaks, is printed below the URL: the same as a
QR code, which run.py makes. HEAP_WORDS and APP_WORDS are how to ask for a heap or an application,
if that is not the Makefile's. RELOAD names what browsers are to compare (see livereload). On
MicroPython it says how large the heap is, in terms of a board's, and when that is too small.
"""

import builtins
import gc
import io
import os
import sys

# What fills a heap takes with 32 bits, in per cent of what it takes with 64: modules that were
# compiled take 68 to 73, lists and dicts half.
NARROW = 60
PICO_W = 201  # KB of its heap, before anything is imported
STEP = 64  # KB
MICROPYTHON = sys.implementation.name == 'micropython'


def load(file, name):
    """Run the file as a program (as a module, if one of its names is wanted); return its names."""
    namespace = {'__name__': name or '__main__', '__file__': file}
    execfile = getattr(builtins, 'execfile', None)
    if execfile:  # MicroPython: compiles from the file, which need not fit into the heap
        execfile(file, namespace)
    else:
        with open(file, 'rb') as source:
            code = compile(source.read(), file, 'exec')
        exec(code, namespace)
    return namespace


def find(namespace, name, kind, file):
    """Return the application to serve; SystemExit with one line if there is none to choose."""
    if name:
        if isinstance(namespace.get(name), kind):
            return namespace[name]
        fail('%s has no application called %s.' % (file, name))
    if isinstance(namespace.get('app'), kind):
        return namespace['app']
    found = sorted([key for key in namespace if isinstance(namespace[key], kind)])
    if len(found) == 1:
        return namespace[found[0]]
    if found:
        names, asked = ', '.join(found), os.getenv('APP_WORDS', 'APP=%s') % file
        fail('%s has several applications (%s): choose with %s:NAME' % (file, names, asked))
    return fail('%s has no application: it needs a line such as app = Microdot()' % file)


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(2)


def too_small():
    """The line that says that the heap does not do, and how large it would be on a board."""
    size = (gc.mem_free() + gc.mem_alloc()) >> 10
    shown = '%d KB' % size
    if sys.maxsize > 1 << 32:
        shown += ' (about %d KB on a board)' % (size * NARROW // 100)
    more = (2 * size // STEP + 1) * STEP
    asked = os.getenv('HEAP_WORDS', 'make run HEAP=%dK') % more
    text = 'The heap of %s is too small: give it more, %s. A Pico W has %d KB.'
    return text % (shown, asked, PICO_W)


def watch(app):
    """Say when a request needs more memory than there is, unless the application handles that."""
    kinds = [kind for kind in app.error_handlers if isinstance(kind, type)]
    if not MICROPYTHON or any(issubclass(MemoryError, kind) for kind in kinds):
        return
    said = []

    @app.errorhandler(MemoryError)
    async def full(request, exc):
        if not said:
            said.append(True)
            print(too_small())
        return 'Service Unavailable', 503


def move(kind, address, url):
    """Make the first server started listen on address; return a list: the moved servers."""
    original = kind.start_server
    moved = []

    # Named like its parameters, which applications may give by keyword.
    def start_server(app, host='0.0.0.0', port=5000, debug=False, ssl=None, **options):
        if moved:
            return original(app, host, port, debug, ssl, **options)
        moved.append(app)
        version = '.'.join([str(number) for number in sys.implementation.version[:3]])
        shown = 'https' + url[4:] if ssl else url
        print('Serving on %s %s: %s (Ctrl-C stops)' % (sys.implementation.name, version, shown))
        watch(app)
        code = os.getenv('QR_HTTPS' if ssl else 'QR_HTTP')
        if code:
            print(code)
        return original(app, *address, debug, ssl, **options)

    kind.start_server = start_server
    return moved


def show(exc):
    """Print an exception of the application, without what of the traceback is in here."""
    if MICROPYTHON:
        text = io.StringIO()
        sys.print_exception(exc, text)
        lines = [line for line in text.getvalue().split('\n') if __file__ not in line]
        print('\n'.join(lines), end='', file=sys.stderr)
    else:
        import traceback

        frames = exc.__traceback__
        while frames and frames.tb_frame.f_code.co_filename == __file__:
            frames = frames.tb_next
        traceback.print_exception(type(exc), exc, frames)


def main(file, name, host, port, url):
    """Load the file and serve its application until that ends or somebody presses Ctrl-C."""
    tools, sys.path[0] = sys.path[0], ''  # the current folder, instead of this script's own
    sys.argv[:] = [file]  # what it is for a program that is started itself
    try:
        from microdot import Microdot

        moved = move(Microdot, (host, int(port)), url)
        start = os.getenv('RELOAD')
        if start:
            sys.path.append(tools)
            import livereload

            sys.path.remove(tools)
            livereload.install(Microdot, start)
        namespace = load(file, name)
        if not moved:
            find(namespace, name, Microdot, file).run()
    except KeyboardInterrupt:
        print('\nStopped.')
    except MemoryError:
        if not MICROPYTHON:
            raise
        fail(too_small())
    except Exception as exc:
        show(exc)
        sys.exit(1)


if __name__ == '__main__':
    main(*sys.argv[1:])
