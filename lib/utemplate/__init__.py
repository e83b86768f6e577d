"""A template language for small devices: templates become Python modules of generators.

Three loaders turn the name of a template into its function: ``compiled.Loader`` knows modules made
ahead of time, ``source.Loader`` makes those that are missing, ``recompile.Loader`` also those whose
template has changed. ``html`` has what escaping needs; ``compiler``, with ``reader`` and
``writer``, compiles.
"""


class TemplateError(Exception):
    """A template that cannot be compiled, or that was compiled for another loader.

    :param name: the name of the template.
    :param line: the line in it, from 1; 0 if it is about all of it.
    :param message: what is wrong.
    """

    def __init__(self, name, line, message):
        where = '{}:{}'.format(name, line) if line else name
        super().__init__(where + ': ' + message)
        self.name = name
        self.line = line
        self.message = message


def check_name(name):
    """Raise ``ValueError`` for a template's name that could lead out of the folder.

    Names are relative, with ``/`` between folders.
    """
    for part in name.split('/'):
        if part in ('', '.', '..'):
            break
    else:
        if not ('\0' in name or '\\' in name or ':' in name):
            return
    raise ValueError('not a template name: ' + repr(name))


def module_name(name):
    """Return the name of the module, without ``.py``, that a template is compiled to."""
    folder, slash, file = name.rpartition('/')
    return folder + slash + file.replace('.', '_')
