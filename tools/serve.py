"""Serves the application of one file, on either runtime. `make run` calls it through run.py.

    micropython tools/serve.py FILE NAME HOST PORT URL

The file runs as if it had been started itself, in the current folder. What it calls, `app.run()` or
`start_server()`, listens on the given host and port instead of its own. If it starts no server, its
application is served: the one called NAME, or without a NAME `app`, or the only one it has.
"""

import builtins
import sys


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
        names = ', '.join(found)
        fail('%s has several applications (%s): choose with APP=%s:NAME' % (file, names, file))
    return fail('%s has no application: it needs a line such as app = Microdot()' % file)


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(2)


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
        return original(app, *address, debug, ssl, **options)

    kind.start_server = start_server
    return moved


def main(file, name, host, port, url):
    """Load the file and serve its application until that ends or somebody presses Ctrl-C."""
    sys.path[0] = ''  # the current folder, instead of this script's own
    from microdot import Microdot

    moved = move(Microdot, (host, int(port)), url)
    try:
        namespace = load(file, name)
        if not moved:
            find(namespace, name, Microdot, file).run()
    except KeyboardInterrupt:
        print('\nStopped.')


if __name__ == '__main__':
    main(*sys.argv[1:])
