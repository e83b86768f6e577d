"""The loader of templates that were compiled ahead of time: from a folder or frozen in firmware."""

import sys

from . import TemplateError, check_name, module_name

#: Changes whenever modules compiled before would no longer do.
FORMAT = 1
MARK = '_template'

if sys.implementation.name == 'micropython':

    def import_module(folder, path):
        """Return the names of a module that is a .py or .mpy file, or frozen in firmware.

        It is imported by its bare name, and forgotten again: folders may have modules alike.
        Raises ``OSError`` (ENOENT) if there is none.
        """
        if '/' in path:
            head, _, path = path.rpartition('/')
            folder += '/' + head
        frozen = folder
        for prefix in ('.frozen/', './', '/'):
            if frozen.startswith(prefix):
                frozen = frozen[len(prefix) :]
        known = sys.modules.pop(path, None)
        sys.path.insert(0, '.frozen/' + frozen)
        sys.path.insert(0, folder)
        try:
            names = __import__(path).__dict__
        except ImportError as exc:
            if exc.args[0] != "no module named '" + path + "'":
                raise
            names = {}
        finally:
            sys.path.pop(0)
            sys.path.pop(0)
            sys.modules.pop(path, None)
            if known:
                sys.modules[path] = known
        path = '/' + path
        file = names.get('__file__', '')  # which small ports leave out
        here = file.rpartition('.')[0] in (folder + path, frozen + path)
        if here or (not file and MARK in names):
            return names
        raise OSError(2, folder + path)  # none, a folder, or a module from elsewhere

else:

    def import_module(folder, path):
        # Not imported: threads share sys.path, and caches tell files apart by the second.
        path = folder + '/' + path + '.py'
        with open(path, 'rb') as f:
            return run(f.read(), path)


def run(source, path):
    """Run the source of a module and return its names."""
    names = {'__name__': path}
    exec(compile(source, path, 'exec'), names)
    return names


def folder_of(pkg, folder):
    """Return the path of a folder, which is below that of a package if one is named."""
    folder = str(folder).rstrip('/') or ('/' if folder else '.')
    if pkg and pkg != '__main__':
        __import__(pkg)
        while pkg:
            path = getattr(sys.modules[pkg], '__path__', None)
            if path:
                return (path if isinstance(path, str) else list(path)[0]) + '/' + folder
            pkg = pkg.rpartition('.')[0]
    return folder


class Loader:
    """Loads templates that have been compiled, and compiles none.

    :param pkg: the name of the package that has the folder; ``None`` for a path.
    :param dir: the folder.
    :param autoescape: whether values are escaped for HTML; the templates must have been compiled
        for the same.
    """

    def __init__(self, pkg, dir, autoescape=False):
        self.dir = folder_of(pkg, dir)
        self.autoescape = bool(autoescape)
        self.loaded = {}

    def load(self, name):
        """Return the generator function of a template.

        :param name: the template's name, relative to the folder.

        Raises ``ValueError`` for a name that leads elsewhere, ``OSError`` (ENOENT) without such a
        template, and ``TemplateError`` for one compiled otherwise.
        """
        render = self.loaded.get(name)
        if render is None:
            check_name(name)
            names = self.find(name)
            names['_load'] = self.load  # for what it includes
            render = self.loaded[name] = names['render']
        return render

    def find(self, name):
        """Return the names of a template's module."""
        names = import_module(self.dir, module_name(name))
        if not self.fits(names, name):
            raise TemplateError(name, 0, 'compiled for other settings: compile it again')
        return names

    def fits(self, names, name):
        """Tell whether a module was made of that template and for a loader like this one."""
        return names.get(MARK, ())[:3] == (FORMAT, name, self.autoescape)
