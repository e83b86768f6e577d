"""The loaders: when they compile, what they keep, and what they refuse."""

import os
import sys

from support import MICROPYTHON, raises, skip
from template_folder import Folder
from utemplate import TemplateError, compiled, recompile, source

HELLO = '{% args name %}\nHello, {{ name }}!\n'
MODULE = 'hello_utemplate_txt.py'
NAME = 'hello.utemplate.txt'


def rendered(loader, name, *args):
    return ''.join(loader.load(name)(*args))


def test_compiled_beside_its_source():
    for kind in (source.Loader, recompile.Loader):
        with Folder({NAME: HELLO}) as folder:
            loader = kind(None, folder.path)
            assert rendered(loader, NAME, 'foo') == 'Hello, foo!\n'
            assert folder.names() == [NAME, MODULE]
            assert rendered(loader, NAME, 'bar') == 'Hello, bar!\n'
            assert loader.load(NAME) is loader.load(NAME)
            # The same text on every runtime.
            assert folder.read(MODULE) == (
                "# Compiled from 'hello.utemplate.txt'\ndef render(name):\n yield 'Hello, '\n"
                " yield _t(name)\n yield '!\\n'\n yield from ()\n_t = str\n"
                "_template = 1, 'hello.utemplate.txt', False, 35, 775799138\n"
            )


def test_compiled_ones_are_used():
    with Folder({NAME: HELLO}) as folder:
        raises(OSError, compiled.Loader(None, folder.path).load, NAME)
        assert folder.names() == [NAME]
        rendered(source.Loader(None, folder.path), NAME, 1)
        text = folder.read(MODULE).replace('Hello', 'Used!')
        folder.write(MODULE, text)
        for kind in (compiled.Loader, source.Loader, recompile.Loader):
            assert rendered(kind(None, folder.path), NAME, 1) == 'Used!, 1!\n', kind
        os.remove(folder.path + '/' + NAME)  # only compiled ones are on the device
        for kind in (compiled.Loader, source.Loader, recompile.Loader):
            assert rendered(kind(None, folder.path), NAME, 1) == 'Used!, 1!\n', kind


def test_changes():
    with Folder({'a.txt': 'one{% include "b.txt" %}', 'b.txt': 'two'}) as folder:
        running = recompile.Loader(None, folder.path)
        fixed = source.Loader(None, folder.path)
        for loader in (running, fixed):
            assert rendered(loader, 'a.txt') == 'onetwo'
        folder.write('b.txt', 'three')
        assert rendered(running, 'a.txt') == 'onethree'
        assert rendered(fixed, 'a.txt') == 'onetwo'
        folder.write('a.txt', '{% args x %}{{ x }}')
        assert rendered(running, 'a.txt', 5) == '5'
        # The same length: found by the checksum at the next start.
        folder.write('a.txt', '{% args y %}{{ y }}')
        assert ''.join(recompile.Loader(None, folder.path).load('a.txt')(y=6)) == '6'
        # A mistake shows until it is mended, and leaves the compiled one alone.
        kept = folder.read('a_txt.py')
        folder.write('a.txt', '{{ wrong wrong }}')
        for _ in range(2):
            assert raises(TemplateError, running.load, 'a.txt').line == 1
        assert folder.read('a_txt.py') == kept
        folder.write('a.txt', 'right')
        assert rendered(running, 'a.txt') == 'right'
        assert folder.names() == ['a.txt', 'a_txt.py', 'b.txt', 'b_txt.py']


def test_escaping_is_not_confused():
    with Folder({'a.html': '{% args x %}{{ x }}'}) as folder:
        for autoescape, expected in ((False, '<'), (True, '&lt;'), (False, '<')):
            for kind in (source.Loader, recompile.Loader, compiled.Loader):
                found = rendered(kind(None, folder.path, autoescape=autoescape), 'a.html', '<')
                assert found == expected, (kind, autoescape)
        exc = raises(TemplateError, compiled.Loader(None, folder.path, True).load, 'a.html')
        assert 'compile it again' in str(exc) and exc.line == 0
        os.remove(folder.path + '/a.html')
        raises(TemplateError, recompile.Loader(None, folder.path, True).load, 'a.html')


def test_names_alike():
    """Two templates may share a module's name: none gets the other's."""
    with Folder({'a.b': '1', 'a_b': '2', 'd/a.b': '3', 'd/support': '4', 'sys': '5'}) as folder:
        for kind in (source.Loader, recompile.Loader):
            loader = kind(None, folder.path)
            assert [rendered(loader, name) for name in ('a.b', 'a_b', 'd/a.b')] == ['1', '2', '3']
        known = sys.modules['support']
        assert rendered(loader, 'd/support') == '4'
        assert sys.modules['support'] is known
        assert rendered(loader, 'sys') == '5'


def test_modules_elsewhere():
    """A compiled template of the same name in another folder of modules is none of these."""
    with Folder({'a.txt': '1', 'b/x': ''}) as folder:
        rendered(source.Loader(None, folder.path), 'a.txt')
        sys.path.insert(0, folder.path)
        try:
            for kind in (compiled.Loader, source.Loader, recompile.Loader):
                raises(OSError, kind(None, folder.path + '/b').load, 'a.txt')
        finally:
            sys.path.pop(0)


def test_names_refused():
    with Folder({'a.txt': 'a', 'd/a.txt': 'd'}) as folder:
        for kind in (compiled.Loader, source.Loader, recompile.Loader):
            loader = kind(None, folder.path + '/d')
            for name in (
                '../a.txt',
                'x/../../a.txt',
                '..',
                '.',
                '',
                '/etc/passwd',
                './a.txt',
                'x//a.txt',
                'd/',
                'a.txt\0',
                '\0',
                '..\\a.txt',
                'c:a.txt',
            ):
                exc = raises(ValueError, loader.load, name)
                assert 'not a template name' in str(exc), name
        assert folder.names() == ['a.txt', 'd']


def test_missing():
    with Folder({'d/a.txt': 'x'}) as folder:
        for kind in (compiled.Loader, source.Loader, recompile.Loader):
            for name in ('none.txt', 'd', 'd/none.txt', 'none/a.txt', 'd/a.txt/b'):
                try:
                    exc = raises(OSError, kind(None, folder.path).load, name)
                except AssertionError:
                    raise AssertionError((kind, name))
                assert folder.path in str(exc), (kind, name, str(exc))
        assert folder.names() == ['d']


def test_nothing_half_written():
    for template in ('x' * 3000 + '{{ a b }}', b'x' * 3000 + b'\xff', '{% if 1 %}'):
        with Folder({'a.txt': template}) as folder:
            for kind in (source.Loader, recompile.Loader):
                raises(TemplateError, kind(None, folder.path).load, 'a.txt')
                assert folder.names() == ['a.txt']


def test_nothing_can_be_written():
    """A folder in the place of the module stands for a file system without room or rights."""
    for kind in (source.Loader, recompile.Loader):
        with Folder({'a.txt': '{% args x %}{{ x }}', 'a_txt.py': None}) as folder:
            loader = kind(None, folder.path)
            assert rendered(loader, 'a.txt', 1) == '1'
            assert loader.load('a.txt') is loader.load('a.txt')
            assert folder.names() == ['a.txt', 'a_txt.py']


def test_other_modules_are_not_replaced():
    with Folder({'main': 'x', 'main.py': 'raise OSError\n'}) as folder:
        assert 'main.py' in str(
            raises(TemplateError, source.Loader(None, folder.path).load, 'main')
        )
        assert folder.read('main.py') == 'raise OSError\n'
    # What another compiler left of a template is.
    with Folder({'main.html': 'x', 'main_html.py': 'raise OSError\n'}) as folder:
        assert rendered(source.Loader(None, folder.path), 'main.html') == 'x'


def test_relative_to_a_package():
    with Folder({'__init__.py': '', 'views/a.txt': 'a', 'mod.py': ''}) as folder:
        for pkg, where in (
            (folder.path, 'views'),
            (folder.path + '.mod', 'views'),
            ('__main__', folder.path + '/views'),
            (None, folder.path + '/views/'),
            (None, './' + folder.path + '/views'),
            ('', os.getcwd() + '/' + folder.path + '/views'),
        ):
            sys.path.insert(0, '.')
            try:
                assert rendered(recompile.Loader(pkg, where), 'a.txt') == 'a', (pkg, where)
            finally:
                sys.path.pop(0)


class ReadOnly:
    """A file system (MicroPython's protocol) of the files in a folder, which refuses to write."""

    def __init__(self, folder):
        self.folder = folder

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        return os.stat(self.folder + '/' + path)

    def open(self, path, mode):
        if 'w' in mode:
            raise OSError(30)
        return open(self.folder + '/' + path, mode)


def test_a_read_only_file_system():
    if not MICROPYTHON:
        skip("CPython cannot mount one; tests/tools covers the system's own")
    with Folder({'t/a.txt': '{% args x %}{{ x }}'}) as folder:
        os.mount(ReadOnly(os.getcwd() + '/' + folder.path), '/only')
        try:
            for _ in range(2):
                assert rendered(recompile.Loader(None, '/only/t'), 'a.txt', 3) == '3'
            folder.write('t/a_txt.py', 'raise OSError')
            assert rendered(recompile.Loader(None, '/only/t'), 'a.txt', 4) == '4'
        finally:
            os.umount('/only')
