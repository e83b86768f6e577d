"""Subclasses that override all that is public in a class, for the tests of overriding."""


def public(cls):
    """The names of the public methods of a class, inherited ones among them."""
    names = []
    for name in dir(cls):
        if not name.startswith('_') and callable(getattr(cls, name)):
            if not isinstance(getattr(cls, name), type):
                names.append(name)
    return sorted(names)


def _override(made, seen, name):
    def method(self, *args, **kwargs):
        seen.add(name)
        return getattr(super(made[0], self), name)(*args, **kwargs)

    return method


def _override_of_class(base, seen, name):
    def method(cls, *args, **kwargs):
        seen.add(name)
        return getattr(base, name)(*args, **kwargs)

    return classmethod(method)


def overridden(base, names=None, of_class=()):
    """Return a subclass, the set of the methods of it that have been called, and all their names.

    :param base: the class. Each public method is overridden by one that calls it through
        ``super()``.
    :param names: the methods, of a class that has those of a built-in type too.
    :param of_class: the names of class methods.
    """
    names = names or public(base)
    made, seen = [], set()
    body = {}
    for name in names:
        if name in of_class:
            body[name] = _override_of_class(base, seen, name)
        else:
            body[name] = _override(made, seen, name)
    made.append(type('Made', (base,), body))
    return made[0], seen, set(names)
