"""The loader that compiles templates whose module is missing, and keeps the modules beside them."""

import io
import os
import sys

from . import TemplateError, compiled, module_name

HEADER = b'# Compiled from '


def __getattr__(name):
    # Loaded when there is something to compile.
    if name == 'Compiler':
        from .compiler import Compiler

        return Compiler
    raise AttributeError(name)


if sys.implementation.name == 'micropython':

    def collect():
        """Make room: the compiler is not needed from one template to the next."""
        import gc

        import utemplate

        for name in ('compiler', 'reader', 'writer'):
            if sys.modules.pop('utemplate.' + name, None):
                delattr(utemplate, name)
        gc.collect()

else:

    def collect():
        pass


class Loader(compiled.Loader):
    """Loads compiled templates, and compiles those that are not or not for the same settings.

    Where nothing can be written, compiled templates are kept in memory. The parameters and errors
    are those of ``compiled.Loader``, with ``TemplateError`` for what is wrong in a template.
    """

    def find(self, name):
        try:
            names = None
            if self.is_ours(name):
                names = compiled.import_module(self.dir, module_name(name))
                if self.fits(names, name):
                    return names
        except OSError:
            pass
        path = self.dir + '/' + name
        try:
            if os.stat(path)[0] & 0x4000:
                raise OSError(21)  # EISDIR, which opening a folder need not raise
            f = open(path, 'rb')
        except OSError as exc:
            if names:
                return super().find(name)  # raises what is the matter with it
            raise OSError(exc.errno, 'no template ' + path)
        with f:
            return self.compile(f, name)

    def is_ours(self, name):
        """Tell whether the module's file, if there is one, was made here.

        Raises ``TemplateError`` if it is one that a template must not replace.
        """
        try:
            with open(self.path_of(name), 'rb') as f:
                ours = f.read(len(HEADER)) == HEADER
        except OSError:
            return True  # none; it may be frozen, or an .mpy file
        if not ours and '.' not in name.rpartition('/')[2]:
            raise TemplateError(name, 0, 'would replace ' + self.path_of(name))
        return ours

    def path_of(self, name):
        """Return the path of the file that a template is compiled to."""
        return self.dir + '/' + module_name(name) + '.py'

    def compile(self, f, name):
        """Compile a template and return the names of its module.

        :param f: the open template.
        :param name: its name.
        """
        path = self.path_of(name)
        try:
            self.write(f, name, path)
            return compiled.import_module(self.dir, module_name(name))
        except OSError:  # not written, or MicroPython has a built-in module of that name
            f.seek(0)
            out = io.BytesIO()
            self.translate(f, out, name)
            return compiled.run(out.getvalue(), path)

    def write(self, f, name, path):
        """Compile a template to a file, which is there in full or not at all."""
        temporary = path + '.new'
        if hasattr(os, 'getpid'):  # there may be other processes, and threads
            temporary = '{}.{}.new'.format(path, os.urandom(4).hex())
        out = open(temporary, 'wb')
        try:
            with out:
                self.translate(f, out, name)
            getattr(os, 'replace', os.rename)(temporary, path)
        except BaseException:
            os.remove(temporary)
            raise

    def translate(self, f, out, name):
        """Compile a template from a file to another."""
        collect()
        from .compiler import Compiler

        Compiler(f, out, name, self.autoescape).compile()
        collect()
