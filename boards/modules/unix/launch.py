"""The command line of the executable: serve an application's file, or the one frozen in.

What the file calls, `app.run()` or `start_server()`, listens where it says, or where --host and
--port say. If it starts no server, its application is served: see `serve`. A file is served in its
folder.
"""

import os
import sys

import serve

FROZEN = 'frozen_application'
USAGE = """\
microdot [--host HOST] [--port PORT] [FILE[:NAME]]

Serves the application of a file, without one the application that was frozen in.
With other options first (-X, -c, -m, -i) it is a plain MicroPython: microdot -h"""


def options(arguments):
    """Return ({'--host': ..., '--port': ...}, [FILE]); ends with the usage if they are others."""
    chosen, files = {}, []
    arguments = iter(arguments)
    for argument in arguments:
        name, given, value = argument.partition('=')
        if name in ('--host', '--port'):
            chosen[name] = value if given else next(arguments, '')
        elif argument == '--help':
            print(USAGE)
            sys.exit(0)
        elif argument.startswith('-') or files:
            serve.fail(USAGE)
        else:
            files.append(argument)
    port = chosen.get('--port', '1')
    if not (port.isdigit() and 0 < int(port) < 65536):
        serve.fail('--port %s: a number from 1 to 65535 is needed' % port)
    return chosen, files


def change(kind, chosen):
    """Make the first server started listen where the options say; return a list: the servers."""
    original = kind.start_server
    started = []

    async def start_server(app, host='0.0.0.0', port=5000, debug=False, ssl=None, **others):
        if not started:
            host = chosen.get('--host', host)
            port = int(chosen.get('--port', port))
            shown = 'localhost' if host in ('0.0.0.0', '127.0.0.1') else host
            print('Serving on http%s://%s:%d (Ctrl-C stops)' % ('s' * bool(ssl), shown, port))
        started.append(app)
        try:
            await original(app, host, port, debug, ssl, **others)
        except OSError as exc:
            if exc.errno in (48, 98):  # of macOS, of Linux
                serve.fail('The port is in use. Choose another: --port 8080')
            raise

    kind.start_server = start_server
    return started


def load(files):
    """Run the application as a program; return its names, its file and the wanted NAME."""
    if not files:
        # A fromlist of False: MicroPython's way to import a module as `__main__`.
        return __import__(FROZEN, None, None, False).__dict__, FROZEN, ''
    file, _, name = files[0].partition(':')
    try:
        open(file).close()
    except OSError:
        serve.fail('%s: no such file' % file)
    folder, slash, file = file.rpartition('/')
    if slash:
        os.chdir(folder or '/')  # where its templates and files are
    sys.path.insert(0, '')
    sys.argv[:] = [file]
    return serve.load(file, name), file, name


def main():
    chosen, files = options(sys.argv[1:])
    from microdot import Microdot

    started = change(Microdot, chosen)
    try:
        names, file, name = load(files)
        if not started:
            serve.find(names, name, Microdot, file).run()
    except KeyboardInterrupt:
        print('\nStopped.')


main()
