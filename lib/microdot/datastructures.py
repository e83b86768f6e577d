"""Dictionaries for headers, queries and forms.

``NoCaseDict`` finds keys whatever their case, ``MultiDict`` keeps several values for a key.
Nothing here imports anything of the package.
"""


class NoCaseDict(dict):
    """A dictionary whose keys are strings compared without regard to case.

    The first spelling with an upper-case letter is the one that iteration shows.

    :param initial_dict: a mapping to copy.
    """

    def __init__(self, initial_dict=None):
        super().__init__()
        self.keymap = {}
        if initial_dict:
            self.update(initial_dict)

    def _stored(self, key):
        key = key.lower()
        return self.keymap.get(key, key)

    def __setitem__(self, key, value):
        lower = key.lower()
        if key != lower and lower not in self.keymap:
            self.keymap[lower] = key
            super().pop(lower, None)
        super().__setitem__(self.keymap.get(lower, lower), value)

    def __getitem__(self, key):
        return super().__getitem__(self._stored(key))

    def __delitem__(self, key):
        super().__delitem__(self._stored(key))

    def __contains__(self, key):
        # An unused tuple stands for "absent": None may be a value.
        return super().get(self._stored(key), self) is not self

    def get(self, key, default=None):
        return super().get(self._stored(key), default)

    def pop(self, key, *default):
        return super().pop(self._stored(key), *default)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, other):
        for key in other:
            self[key] = other[key]

    def copy(self):
        return NoCaseDict(self)


class MultiDict(dict):
    """A dictionary with a list of values for each key, as queries and forms need it.

    ``d[key] = value`` adds a value, ``d[key]`` gives the first one. ``items()`` and ``values()``
    show the lists.

    :param initial_dict: a mapping of which each value is added.
    """

    def __init__(self, initial_dict=None):
        super().__init__()
        if initial_dict:
            self.update(initial_dict)

    def __setitem__(self, key, value):
        super().setdefault(key, []).append(value)

    def __getitem__(self, key):
        return super().__getitem__(key)[0]

    def get(self, key, default=None, type=None):
        """Return the first value of a key, converted by ``type`` where one is given.

        :param key: the key to look up.
        :param default: returned, as it is, when the key is missing.
        :param type: a callable such as ``int``; its exceptions propagate.
        """
        values = super().get(key)
        if not values:
            return default
        return values[0] if type is None else type(values[0])

    def getlist(self, key, type=None):
        """Return all values of a key, converted by ``type``; an empty list when there is none."""
        values = super().get(key) or []
        return list(values) if type is None else [type(value) for value in values]

    def pop(self, key, *default):
        if default and key not in self:
            return default[0]
        return super().pop(key)[0]

    def setdefault(self, key, default=None):
        if not super().get(key):
            self[key] = default
        return self[key]

    def update(self, other):
        for key in other:
            values = other.getlist(key) if isinstance(other, MultiDict) else (other[key],)
            for value in values:
                self[key] = value
