"""Templates for tests on both runtimes: in a folder that is removed at the end, or in memory."""

import io
import os


class Folder:
    """`with Folder({'a.html': text}) as folder`: a new folder, in the current one.

    :param files: a dictionary of the files in it; names may have folders.
    """

    def __init__(self, files=()):
        self.path = 'templates' + ''.join(['%02x' % c for c in os.urandom(6)])
        self.files = files

    def __enter__(self):
        os.mkdir(self.path)
        for name in self.files:
            self.write(name, self.files[name])
        return self

    def __exit__(self, *exc):
        remove(self.path)

    def write(self, name, content):
        """Write a file (str, bytes or, for a folder, `None`)."""
        path = self.path + '/' + name
        parts = path.split('/')
        for i in range(2, len(parts) + (content is None)):
            try:
                os.mkdir('/'.join(parts[:i]))
            except OSError:
                pass  # it is there
        if content is not None:
            with open(path, 'wb') as f:
                f.write(content.encode() if isinstance(content, str) else content)

    def read(self, name):
        with open(self.path + '/' + name, 'rb') as f:
            return f.read().decode()

    def names(self):
        """The names of all files and folders at the top, sorted."""
        return sorted(os.listdir(self.path))


def remove(path):
    """Remove a file, or a folder with all that is in it."""
    if not os.stat(path)[0] & 0x4000:
        return os.remove(path)
    for name in os.listdir(path):
        remove(path + '/' + name)
    os.rmdir(path)


class Memory:
    """A loader of the templates in a dictionary."""

    def __init__(self, sources, autoescape=False):
        self.sources = sources
        self.autoescape = autoescape

    def load(self, name):
        from utemplate import compiled
        from utemplate.compiler import Compiler

        source = self.sources[name]
        source = source.encode() if isinstance(source, str) else source
        out = io.BytesIO()
        Compiler(io.BytesIO(source), out, name, self.autoescape).compile()
        names = compiled.run(out.getvalue(), name)
        names['_load'] = self.load
        return names['render']


INCLUDED = {
    'plain.html': 'plain\n',
    'row.html': '{% args a, b=1 %}[{{ a }}{{ b }}]',
    'd/nested.html': '{% args n %}{{ n }}{% if n %}{% include "d/nested.html" n - 1 %}{% endif %}',
}


def output(template, args=(), autoescape=False):
    """What a template puts out; the arguments are a tuple or a dictionary."""
    sources = dict(INCLUDED)
    sources['main.html'] = template
    render = Memory(sources, autoescape).load('main.html')
    return ''.join(render(**args) if isinstance(args, dict) else render(*args))
