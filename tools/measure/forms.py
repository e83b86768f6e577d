"""The forms in which a package and the measured programs run: `.py`, `.mpy`, frozen, on CPython.

A form is a folder with both in it, and the files that the programs send. They run in that folder by
their modules' names, so that no long path takes heap."""

import pathlib
import shutil
import sys

from microdot_kit import runtimes

from . import frozen, steps
from .server import PROGRAMS, Missing, Server, compile_folder, find_mpy_cross


class Form:
    """A package in one form: `name` of the form, `folder`, and the interpreter that runs it."""

    def __init__(self, name, folder, interpreter):
        self.name = name
        self.folder = folder
        self._interpreter = interpreter
        steps.write_files(folder)

    def server(self, program, *arguments, heap=runtimes.HEAP, control=False):
        """A process that serves a program, not started yet. CPython takes no notice of `heap`."""
        command = [self._interpreter, '-X', f'heapsize={heap}', '-m', program, '{port}', *arguments]
        return Server(command, '.', cwd=self.folder, control=control)


def copy(lib, folder):
    """Put the packages that `lib` holds and the measured programs into a folder."""
    if not (lib / 'microdot' / '__init__.py').exists():
        raise Missing(f'{lib} has no package microdot')
    for path in [*lib.rglob('*.py'), *PROGRAMS.glob('*.py')]:
        target = folder / path.relative_to(PROGRAMS if path.parent == PROGRAMS else lib)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return folder


def make(name, lib, folder):
    """The Form of that name of the packages that the folder `lib` holds, made in `folder`.

    Raises `Missing` or Failure if a tool is not there."""
    copied = copy(pathlib.Path(lib), folder / 'py')
    if name == 'cpython':
        return Form(name, copied, sys.executable)
    if name == 'py':
        return Form(name, copied, runtimes.micropython())
    target = folder / name
    if name == 'mpy':
        compile_folder(find_mpy_cross(), copied, target)
        return Form(name, target, runtimes.micropython())
    return Form(name, target, str(frozen.build('unix', copied)))
