"""Templates that are compiled to generators: `docs/templates.md` describes their language.

Values are not escaped unless ``Template.initialize`` is told to.
"""

import asyncio

_loader = None


class Template:
    """A template.

    :param template: its name, relative to the folder of templates.
    :param loader: another loader than that of ``initialize``.

    Raises ``ValueError`` for a name that leads out of the folder, ``OSError`` if there is no such
    template, and ``utemplate.TemplateError`` for what is wrong in it.
    """

    #: Output is collected into parts of at least this many characters.
    part_size = 1024

    @classmethod
    def initialize(cls, template_dir='templates', loader_class=None, autoescape=False):
        """Say where templates are and how they are loaded. May be called again.

        :param template_dir: the folder.
        :param loader_class: called with ``None`` and the folder; ``utemplate.recompile.Loader`` by
            default, which compiles templates that are missing or have changed.
        :param autoescape: whether values are escaped for HTML; if so it is passed to the loader.
        """
        global _loader
        if loader_class is None:
            from utemplate.recompile import Loader as loader_class
        if autoescape:
            _loader = loader_class(None, template_dir, autoescape=True)
        else:
            _loader = loader_class(None, template_dir)

    def __init__(self, template, loader=None):
        if loader is None:
            if _loader is None:
                self.initialize()
            loader = _loader
        self.name = template
        self.template = loader.load(template)

    def generate(self, *args, **kwargs):
        """Return an iterator over the output for these arguments, in parts (str).

        Raises ``TypeError`` for arguments that the template does not take.
        """
        return Parts(self.template(*args, **kwargs), self.part_size)

    def render(self, *args, **kwargs):
        """Return the output for these arguments."""
        return ''.join(self.generate(*args, **kwargs))

    def generate_async(self, *args, **kwargs):
        """Return an asynchronous iterator over the output, which lets others run between parts."""
        return AsyncParts(self.generate(*args, **kwargs))

    async def render_async(self, *args, **kwargs):
        """Return the output for these arguments, and let others run meanwhile."""
        parts = []
        async for part in self.generate_async(*args, **kwargs):
            parts.append(part)
        return ''.join(parts)


class Parts:
    """Joins what a template puts out, a few characters at a time, to parts worth sending.

    Not a generator, which MicroPython would take for the coroutine of a handler.

    :param pieces: the generator.
    :param size: the least number of characters of a part other than the last.
    """

    def __init__(self, pieces, size):
        self.pieces = pieces
        self.size = size

    def __iter__(self):
        return self

    def __next__(self):
        parts = []
        size = 0
        for piece in self.pieces:
            if len(parts) == 32:
                parts = [''.join(parts)]  # or a list for many small ones would be large
            parts.append(piece)
            size += len(piece)
            if size >= self.size:
                break
        if not parts:
            raise StopIteration
        return ''.join(parts)

    def close(self):
        self.pieces.close()


class AsyncParts:
    """The parts as an asynchronous iterator."""

    def __init__(self, parts):
        self.parts = parts

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        for part in self.parts:
            return part
        raise StopAsyncIteration

    async def aclose(self):
        self.parts.close()
