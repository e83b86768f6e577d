"""Templates by Jinja, on CPython."""

try:
    from jinja2 import Environment, FileSystemLoader, select_autoescape
except ImportError:
    import sys

    if sys.implementation.name in ('micropython', 'circuitpython'):
        raise ImportError('microdot.jinja needs CPython; MicroPython has microdot.utemplate')
    raise ImportError('microdot.jinja needs Jinja: %s -m pip install jinja2' % sys.executable)


class Template:
    """A Jinja template. Subclasses may be initialized with an environment of their own.

    :param template: its name.
    :param kwargs: further arguments of Jinja's ``get_template``.

    Raises what Jinja does: ``TemplateNotFound``, ``TemplateSyntaxError``.
    """

    #: The Jinja environment, once there is one.
    jinja_env = None

    @classmethod
    def initialize(cls, template_dir='templates', enable_async=False, **kwargs):
        """Make the Jinja environment. May be called again.

        :param template_dir: the folder of the templates.
        :param enable_async: for ``render_async`` and ``generate_async``.
        :param kwargs: further arguments of ``jinja2.Environment``. By default values are escaped in
            templates with names of HTML and XML files.
        """
        options = {'loader': FileSystemLoader(template_dir), 'autoescape': select_autoescape()}
        options.update(kwargs)
        cls.jinja_env = Environment(enable_async=enable_async, **options)

    def __init__(self, template, **kwargs):
        if self.jinja_env is None:
            self.initialize()
        self.name = template
        self.template = self.jinja_env.get_template(template, **kwargs)

    def render(self, *args, **kwargs):
        """Return the output, with a dictionary or keywords as variables."""
        return self.template.render(*args, **kwargs)

    def generate(self, *args, **kwargs):
        """Return a generator of the output in pieces."""
        return self.template.generate(*args, **kwargs)

    async def render_async(self, *args, **kwargs):
        """Return the output; the environment must have been made with ``enable_async=True``."""
        return await self.template.render_async(*args, **kwargs)

    def generate_async(self, *args, **kwargs):
        """Return an asynchronous generator of the output in pieces, like ``render_async``."""
        return self.template.generate_async(*args, **kwargs)
