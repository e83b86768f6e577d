"""URL patterns, and the search for a route when the path alone does not tell.

A pattern is matched segment by segment: the segments of built-in types need no regular expression,
so a long path costs neither stack nor time on a microcontroller. Patterns and types raise
``ValueError`` when they are compiled, which is at their first match or when a server starts.
"""

from .errors import ClientError, NoRoute


def _segment(text):
    return text != '' and '/' not in text


def _integer(text):
    digits = text[1:] if text.startswith('-') else text
    return digits.encode().isdigit()  # of bytes, as a str has Unicode digits too


def _anything(text):
    return text != ''


class URLPattern:
    """The pattern of a URL path, such as ``/users/<int:id>``.

    A segment ``<name>``, ``<type:name>`` or ``<re:regex:name>`` is an argument; types are
    ``string``, ``int``, ``path`` and those of ``register_type``. Any other segment is literal text.

    :param url_pattern: the pattern; leading slashes do not matter.
    """

    segment_patterns = {'string': '[^/]+', 'int': '-?[0-9]+', 'path': '.+'}
    segment_parsers = {'int': int}
    _without_regex = {'[^/]+': _segment, '-?[0-9]+': _integer, '.+': _anything}

    def __init__(self, url_pattern):
        self.url_pattern = url_pattern
        self.segments = None

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
                segments.append(self._compile_argument(text) if text.startswith('<') else text)
            self.segments = segments
        return self.segments

    def _compile_argument(self, text):
        """Return (name, type name, function that tells whether a str matches, may hold slashes)."""
        if not text.endswith('>'):
            raise ValueError('invalid URL pattern')
        type_name, colon, name = text[1:-1].rpartition(':')
        type_name = type_name if colon else 'string'
        if type_name.startswith('re:'):
            pattern, type_name = type_name[3:], 're'
        elif type_name in self.segment_patterns:
            pattern = self.segment_patterns[type_name]
        else:
            raise ValueError('invalid URL segment type')
        fits = self._without_regex.get(pattern)
        return name, type_name, fits or _regex(pattern), fits is None or fits is _anything

    def match(self, path):
        """Return the dictionary of the path's arguments, or ``None`` if the path does not match.

        :param path: the path of a URL, with its leading slash.
        """
        if not path.startswith('/'):
            return None
        segments = self.compile()
        args = {}
        return args if self._match_from(segments, 0, path[1:].split('/'), 0, args) else None

    def _match_from(self, segments, i, parts, j, args):
        while i < len(segments):
            segment = segments[i]
            i += 1
            if isinstance(segment, str):
                if j == len(parts) or parts[j] != segment:
                    return False
                j += 1
            elif segment[3]:
                return self._match_longest(segment, segments, i, parts, j, args)
            elif j == len(parts) or not self._accept(segment, parts[j], args):
                return False
            else:
                j += 1
        return j == len(parts)

    def _match_longest(self, segment, segments, i, parts, j, args):
        # Each later segment takes a part at least; this one has what they leave, longest first.
        for end in range(len(parts) - len(segments) + i, j, -1):
            if self._accept(segment, '/'.join(parts[j:end]), args):
                if self._match_from(segments, i, parts, end, args):
                    return True
        return False

    def _accept(self, segment, text, args):
        name, type_name, fits, _ = segment
        if not fits(text):
            return False
        parser = self.segment_parsers.get(type_name)
        if parser:
            try:
                text = parser(text)
            except ValueError:
                text = None
        args[name] = text
        return text is not None

    def __repr__(self):
        return 'URLPattern: ' + self.url_pattern


def _regex(pattern):
    import re

    regex = re.compile('^(?:' + pattern + ')$')

    def fits(text):
        found = regex.match(text)
        return bool(found) and found.group(0) == text  # as '$' may leave a final newline out

    return fits


class RouteTable:
    """An index over the routes of an application that have arguments, by their first segment.

    :param app: the application.
    """

    def __init__(self, app):
        self.app = app
        self.size = 0
        self.prefixes = {}
        self.patterns = {}

    def _add(self, i):
        path = '/' + self.app._routes[i][1].lstrip('/')
        if '<' in path:
            self.patterns[i] = URLPattern(path)
            first = path[1:].split('/')[0]
            first = '' if first.startswith('<') else first
            self.prefixes[first] = self.prefixes.get(first, ()) + (i,)

    def matches(self, path):
        """Yield (route, arguments) for the routes that match a path, first registered first."""
        routes = self.app._routes
        while self.size < len(routes):
            self._add(self.size)
            self.size += 1
        first = path[1:].split('/', 1)[0]
        found = self.prefixes.get('', ())
        if first:
            found += self.prefixes.get(first, ())
        without = self.app._paths.get(path, ())
        if not found:
            for route in without:
                yield route, {}
        found += tuple([routes.index(route) for route in without]) if found else ()
        for i in sorted(found):
            args = self.patterns[i].match(path) if i in self.patterns else {}
            if args is not None:
                yield routes[i], args


def table_of(app):
    """Return the ``RouteTable`` of an application."""
    if app._table is None:
        app._table = RouteTable(app)
    return app._table


def find(app, req):
    """Return the route of a request, and set ``req.url_args``.

    :param app: the application.
    :param req: the request, or ``None`` for one that could not be parsed.

    Raises ``NoRoute``, or ``ClientError`` for a request that is to be refused.
    """
    if not req:
        raise ClientError(400)
    if req.content_length > req.max_content_length:
        raise ClientError(413)
    method = req.method.upper()
    found, missed = None, None
    for route, args in table_of(app).matches(req.path):
        if method in route[0]:
            found = route, args
            break
        if method == 'HEAD' and 'GET' in route[0]:
            found = found or (route, args)
        missed = route
    if found:
        route, req.url_args = found
        return route
    if missed:
        from .handling import enter

        enter(req, missed)
    if method == 'OPTIONS' and app.options_handler and (missed or req.path == '*'):
        raise NoRoute(200, app.options_handler(req))
    raise NoRoute(405 if missed else 404)


def check_patterns(app):
    """Raise ``ValueError`` if any route of an application has an invalid pattern."""
    for route in app._routes:
        URLPattern(route[1]).compile()


def allowed_methods(app, path):
    """Return the list of methods that a path has, those of all paths if it is ``*``."""
    if path == '*':
        routes = app._routes
    else:
        routes = [route for route, _ in table_of(app).matches(path)]
    methods = []
    for route in routes:
        methods.extend([method for method in route[0] if method not in methods])
    if 'GET' in methods and 'HEAD' not in methods:
        methods.append('HEAD')
    if 'OPTIONS' not in methods:
        methods.append('OPTIONS')
    return methods
