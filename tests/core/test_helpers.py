"""`wraps`, and marks that are found again under the decorators that use it."""

from microdot.helpers import is_marked, mark, wraps
from support import MICROPYTHON, skip


def through(f):
    @wraps(f)
    def wrapper(*args):
        return f(*args)

    return wrapper


def opaque(f):
    def wrapper(*args):
        return f(*args)

    return wrapper


def test_the_wrapper_itself_comes_back():
    def f():
        pass

    def wrapper():
        return 1

    assert wraps(f)(wrapper) is wrapper
    assert wrapper() == 1


def test_metadata():
    if MICROPYTHON:
        skip('functions take no attributes')

    def documented():
        """Text."""

    wrapper = through(documented)
    assert wrapper.__name__ == 'documented'
    assert wrapper.__doc__ == 'Text.'
    assert wrapper.__wrapped__ is documented


def test_marked():
    marked = []

    def f(x):
        return x

    def other(x):
        return x

    assert mark(f, marked) is f
    assert f in marked
    assert is_marked(f, marked)
    assert not is_marked(other, marked)
    assert not is_marked(None, marked)


def test_marked_under_wrappers():
    marked = []
    f = mark(lambda x: x + 1, marked)
    wrapper = through(through(f))
    assert wrapper(1) == 2
    assert is_marked(wrapper, marked)
    assert not is_marked(opaque(f), marked)
    assert not is_marked(through(lambda x: x), marked)


def test_marked_above_a_wrapper():
    marked = []

    def f(x):
        return x

    wrapper = mark(opaque(through(f)), marked)
    assert is_marked(through(wrapper), marked)
    assert not is_marked(f, marked)
    assert not is_marked(through(f), marked)


def test_lists_are_apart():
    one, two = [], []

    def f(x):
        return x

    def g(x):
        return x

    mark(f, one)
    mark(g, two)
    mark(g, one)
    assert is_marked(through(f), one) and not is_marked(through(f), two)
    assert is_marked(through(g), one) and is_marked(through(g), two)


def test_equal_lists_stay_apart():
    one, two = [], []

    def f(x):
        return x

    mark(f, one)
    mark(f, two)  # two lists that are equal now
    one.remove(f)
    assert not is_marked(through(f), one)
    assert is_marked(through(f), two)


def test_methods():
    class Views:
        def view(self):
            pass

    views = Views()
    marked = []
    mark(views.view, marked)
    assert is_marked(views.view, marked)
    assert is_marked(through(views.view), marked)
