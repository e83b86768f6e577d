"""URL patterns: which paths belong to a route, and the arguments in them.

A path is matched part by part, from its end: parts of built-in types need no regular expression, so
a long path costs neither stack nor time on a microcontroller.
"""

import re

from .compat import const

_MAX_PATH = const(256)  # characters of a path that a regular expression may see
_ONE_PART = const(('[^/]+', '-?[0-9]+'))  # patterns that match no slash


class URLPattern:
    """The pattern of a URL path, such as ``/users/<int:id>``.

    A segment ``<name>``, ``<type:name>`` or ``<re:regex:name>`` is an argument; types are
    ``string``, ``int``, ``path`` and those of ``register_type``. Any other segment is literal text.

    The time to match built-in types grows with the length of the path times the number of segments.
    A pattern with a regular expression of its own matches no path of more than 256 characters.

    :param url_pattern: the pattern; leading slashes do not matter.
    """

    segment_patterns = {'string': '[^/]+', 'int': '-?[0-9]+', 'path': '.+'}
    segment_parsers = {'int': int}
    segments = None
    _start = '/'  # what each path that matches begins with
    _limited = False

    def __init__(self, url_pattern):
        self.url_pattern = url_pattern

    @classmethod
    def register_type(cls, type_name, pattern='[^/]+', parser=None):
        """Add a type of segment, or replace one, for all patterns.

        :param type_name: the name, as in ``<type_name:argument>``.
        :param pattern: the regular expression that a value matches as a whole.
        :param parser: a function from the matched str to the argument; ``None`` as its result, or
            a ``ValueError``, means that the path does not match.
        """
        cls.segment_patterns[type_name] = pattern
        cls.segment_parsers[type_name] = parser

    def compile(self):
        """Check the pattern and prepare it for matching; once is enough.

        Raises ``ValueError`` for a malformed segment and for an unknown type.
        """
        if self.segments is None:
            segments = []
            for text in self.url_pattern.lstrip('/').split('/'):
                if text.startswith('<'):
                    if not text.endswith('>'):
                        raise ValueError('invalid URL pattern')
                    type_name, colon, name = text[1:-1].rpartition(':')
                    type_name = type_name if colon else 'string'
                    pattern = self.segment_patterns.get(type_name)
                    if type_name.startswith('re:'):
                        pattern, type_name = type_name[3:], 're'
                    if not pattern:
                        raise ValueError('invalid URL segment type')
                    if pattern not in _ONE_PART and pattern != '.+':
                        pattern = re.compile('^(?:' + pattern + ')$')
                        self._limited = True
                    text = name, type_name, pattern
                segments.append(text)
            self.segments = segments
            self._start += self.url_pattern.lstrip('/').partition('<')[0]
        return self.segments

    def match(self, path):
        """Return the dictionary of the path's arguments, or ``None`` if the path does not match.

        :param path: the path of a URL, with its leading slash.
        """
        segments = self.compile()
        if not path.startswith(self._start) or (self._limited and len(path) > _MAX_PATH):
            return None
        parts = path[1:].split('/')
        begins = self._positions(segments, parts)
        if begins is None:
            return None
        args = {}
        for i in range(len(segments)):
            if not isinstance(segments[i], str):
                name, type_name, _ = segments[i]
                value = '/'.join(parts[begins[i] : begins[i + 1]])
                parser = self.segment_parsers.get(type_name)
                if parser:
                    try:
                        value = parser(value)
                    except ValueError:
                        value = None
                if value is None:
                    return None
                args[name] = value
        return args

    def _positions(self, segments, parts):
        """Return the list of where each segment begins among the parts, ``None`` if none fits.

        From the end, an argument that may hold slashes takes as few parts as it can, so that the
        first one gets the most; it takes one more when what is before it does not fit.
        """
        begins = [0] * len(segments) + [len(parts)]
        i = len(segments)  # the segments from here on fit
        growing = []  # those that may take more, the first of them last
        while i or begins[0]:
            fits = False
            if i:
                i -= 1
                begins[i] = begins[i + 1] - 1
                if not isinstance(segments[i], str) and segments[i][2] not in _ONE_PART:
                    if segments[i][2] == '.+':
                        growing.clear()  # it can take what those would
                    growing.append(i)
                fits = begins[i] >= 0 and self._fits(segments[i], parts, begins[i], begins[i + 1])
            while not fits:
                while growing and begins[growing[-1]] <= 0:
                    growing.pop()
                if not growing:
                    return None
                i = growing[-1]
                begins[i] -= 1
                fits = self._fits(segments[i], parts, begins[i], begins[i + 1])
        return begins

    def _fits(self, segment, parts, begin, end):
        if isinstance(segment, str):
            return segment == parts[begin]
        pattern = segment[2]
        if pattern == '-?[0-9]+':
            text = parts[begin]
            # Of bytes, as a str has Unicode digits too.
            return (text[1:] if text[:1] == '-' else text).encode().isdigit()
        if isinstance(pattern, str):
            return end - begin > 1 or parts[begin] != ''
        text = '/'.join(parts[begin:end])
        found = pattern.match(text)
        return found and found.group(0) == text  # as '$' may leave a final newline out

    def __repr__(self):
        return 'URLPattern: ' + self.url_pattern
