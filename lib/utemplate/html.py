"""What compiled templates use to escape HTML, and what a handler marks finished HTML with."""


class Markup:
    """Text that is HTML already, which an escaping template puts out as it is.

    :param text: the HTML.
    """

    def __init__(self, text):
        self.text = text

    def __html__(self):
        return self.text

    def __str__(self):
        return self.text


def escape(value):
    """Return a value as text for an HTML page, between tags or in a quoted attribute.

    :param value: anything; what has a method ``__html__``, such as ``Markup``, is HTML already.
    """
    if hasattr(value, '__html__'):
        return value.__html__()
    text = str(value).replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')
    return text.replace('"', '&quot;').replace("'", '&#39;')


def macro(f):
    """Make a generator function one that returns its HTML: a macro of an escaping template."""
    return lambda *args, **kwargs: Markup(''.join(f(*args, **kwargs)))


def plain_macro(f):
    """Make a generator function one that returns its text: a macro of any other template."""
    return lambda *args, **kwargs: ''.join(f(*args, **kwargs))
