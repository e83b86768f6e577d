"""``Static``: files of a directory, or resources frozen into firmware, by their names in a URL.

No name leads out of the directory, none that starts with a dot is served unless that is asked for,
and whatever else is not a plain file is 404. Answers are conditional and partial where the request
asks for that (RFC 9110, sections 13 and 14: see ``ranges``).

Loaded by ``app.static``. On a board, ROMFS directories such as ``/rom/web`` are like any other; a
module made by ``microdot-kit resources`` takes no file system at all.
"""

import asyncio
import errno
import io
import os
import time
from binascii import crc32

# For media_type_of: in the middle of requests there may be no memory to load it.
from . import registry  # noqa: F401
from .compat import const
from .http1 import HTTPException, has_control
from .response import Response, http_date
from .streaming import media_type_of
from .urlencoded import quote

_PIECE = const(512)  # bytes read at once for a checksum: room for more is not always there
_CHECKSUMS = const(64)  # how many of them are kept
_ENOTDIR = getattr(errno, 'ENOTDIR', 20)  # which MicroPython does not name
_GONE = (errno.ENOENT, errno.EACCES, errno.EISDIR, _ENOTDIR)
# The years that clocks start in: what is dated so has been written when it was not known.
_UNSET = (1970, 1980, 2000, 2021)
_WITH_CHARSET = ('application/javascript', 'application/json', 'image/svg+xml')


class Static:
    """Serves the files of a directory, or of a module of resources.

    ``Microdot.static`` makes one and gives it its routes; a route of one's own calls ``serve``.

    :param source: the path of the directory, or the imported module that ``microdot-kit resources``
        has made.
    :param index: the name of the file that stands for its directory; ``None`` for none.
    :param max_age: seconds that caches may keep a file without asking; ``None`` for
        ``Response.default_send_file_max_age``.
    :param immutable: tell caches that a file never changes while its name stays.
    :param compressed: send ``name.gz`` in place of ``name`` to clients that accept gzip.
    :param charset: the charset of text, JavaScript, JSON and SVG; ``None`` to name none.
    :param hidden: serve names that start with a dot, too.
    :param follow_links: follow symbolic links that lead out of the directory. Only CPython can
        tell; on MicroPython they are always followed.

    Raises ``OSError`` if there is no such directory.
    """

    def __init__(
        self,
        source,
        index='index.html',
        max_age=None,
        immutable=False,
        compressed=True,
        charset='UTF-8',
        hidden=False,
        follow_links=False,
    ):
        resources = getattr(source, 'FILES', None)
        self.source = Directory(source, follow_links) if resources is None else Frozen(resources)
        self.index = index
        self.max_age = max_age
        self.immutable = immutable
        self.compressed = compressed
        self.charset = charset
        self.hidden = hidden

    async def serve(self, request, path=''):
        """Return the response with a file.

        :param request: the request, a GET or HEAD.
        :param path: the name of the file in the directory, such as ``'css/site.css'``, percent-
            decoded; it need not be checked. With a slash at its end, or empty if the path of the
            request ends with one, it means the index of a directory.

        Raises ``HTTPException``: 404 without such a file, 406 if there is only a compressed one,
        which the client does not accept, and 412 if a precondition fails.
        """
        folder = path.endswith('/')
        name = path[:-1] if folder else path
        if path and not is_safe(name, self.hidden):
            _refuse(404, 'Not found')
        if folder or (not path and request.path.endswith('/')):
            if not self.index:
                _refuse(404, 'Not found')
            name = self._index_of(name)
            plain, packed = await self._variants(name)
        else:
            plain, packed = await self._variants(name)
            if not plain and self.index:
                for file in await self._variants(self._index_of(name)):
                    if file:
                        return _redirect(request)
        if not (plain or packed):
            _refuse(404, 'Not found')
        if packed and _accepts_gzip(request):
            return self._respond(request, name, packed, {'Content-Encoding': 'gzip'})
        if not plain:
            _refuse(406, 'Not Acceptable')
        return self._respond(request, name, plain, {})

    def _index_of(self, name):
        return name + '/' + self.index if name else self.index

    async def _variants(self, name):
        """Return the file of a name, and the compressed one, ``None`` where there is none."""
        plain = await self.source.find(name) if name else None
        packed = None
        if name and self.compressed:
            packed = await self.source.find(name + '.gz')
            if packed:
                size, tag, modified, content = packed
                packed = size, tag and tag[:-1] + '-gz"', modified, content
        return plain, packed

    def _respond(self, request, name, file, headers):
        size, tag, modified, content = file
        max_age = Response.default_send_file_max_age if self.max_age is None else self.max_age
        cached = {'ETag': tag} if tag else {}
        control = [] if max_age is None else ['max-age=%d' % max_age]
        if self.immutable:
            control.append('immutable')
        if control:
            cached['Cache-Control'] = ', '.join(control)
        ranges = None
        if _is_special(request.headers):
            from .ranges import evaluate

            status, ranges = evaluate(request, size, tag, modified)
            if status == 412:
                _refuse(412, 'Precondition Failed')
            if status == 304:
                return Response(None, 304, cached)
            if status == 416:
                return Response(
                    'Range Not Satisfiable', 416, {'Content-Range': 'bytes */%d' % size}
                )
        headers.update(cached)
        headers['Accept-Ranges'] = 'bytes'
        headers['Content-Type'] = self._content_type(name)
        if modified:
            headers['Last-Modified'] = http_date(time.gmtime(modified))
        return _send(request, content, size, ranges, headers)

    def _content_type(self, name):
        content_type = media_type_of(name, Response.types_map)
        if self.charset and 'charset=' not in content_type:
            if content_type.startswith('text/') or content_type in _WITH_CHARSET:
                content_type += '; charset=' + self.charset
        return content_type


class Directory:
    """The files of a directory.

    The entity tag of a file is its size with its time where that tells one content from another,
    else with its checksum: in ROMFS, which has no times; for what was written while the clock was
    not set; and for what has changed just now. Checksums are kept.

    :param root: its path.
    :param follow_links: follow symbolic links that lead out of it.
    """

    #: The longest file, in bytes, that is read for its checksum. One that is longer has a weak tag
    #: while it is new, and none at all without a date.
    max_checked = 262144

    def __init__(self, root, follow_links):
        root = str(root)
        if os.stat(root)[0] & 0xF000 != 0x4000:
            raise OSError(_ENOTDIR, root + ' is not a directory')
        path = getattr(os, 'path', None)
        self.realpath = getattr(path, 'realpath', None)
        self.root = self._resolve(root).rstrip('/') + '/'  # wherever the process goes to
        if follow_links:
            self.realpath = None
        self.checksums = {}

    def _resolve(self, path):
        return self.realpath(path).replace(os.sep, '/') if self.realpath else path

    async def find(self, name):
        """Return (size, entity tag or ``None``, time or ``None``, path), or ``None``.

        :param name: a name that ``is_safe``.
        """
        path = self.root + name
        try:
            stat = os.stat(path)
            if stat[0] & 0xF000 != 0x8000:
                return None  # a directory, or a device or pipe, which might never end
            if not self._resolve(path).startswith(self.root):
                return None
        except (OSError, ValueError):
            return None
        size, modified = stat[6], int(stat[8])
        exact = getattr(stat, 'st_mtime_ns', 0)
        # What is new may change once more and look the same; some file systems have even seconds.
        fine = exact % 1000000000
        age = time.time() - (exact / 1e9 if fine else modified)
        new = 0 <= age < (0.1 if fine else 3)
        dated = modified > 0 and (age < 0 or time.gmtime(modified)[0] not in _UNSET)
        if (new or not dated or path in self.checksums) and size <= self.max_checked:
            checksum = await self._checksum(path, size, exact or modified, new)
            tag = '"%08x-%x"' % (checksum, size)
        elif dated:
            tag = ('W/"%x-%x-new"' if new else '"%x-%x"') % (exact or modified, size)
        else:
            tag = None
        return size, tag, modified if dated and age >= 0 else None, path

    async def _checksum(self, path, size, modified, new):
        known = self.checksums.get(path)
        if known and known[:3] == (size, modified, False):
            return known[3]
        checksum = 0
        buffer = memoryview(bytearray(_PIECE))
        with _open(path) as file:
            while True:
                n = file.readinto(buffer)
                if not n:
                    break
                checksum = crc32(buffer[:n], checksum)
                await asyncio.sleep(0)
        if len(self.checksums) >= _CHECKSUMS:
            self.checksums.clear()
        self.checksums[path] = size, modified, new, checksum
        return checksum


class Frozen:
    """The resources of a module.

    :param resources: its tuple of (name, entity tag, content, compressed content), all of them
        constants, so that a board reads them from where they are in flash.
    """

    def __init__(self, resources):
        self.resources = resources

    async def find(self, name):
        """Return (size, entity tag, ``None``, content), or ``None``."""
        for own_name, tag, content, packed in self.resources:
            if not name.startswith(own_name):
                continue
            if name == own_name and content is not None:
                return len(content), '"%s"' % tag, None, content
            if name == own_name + '.gz' and packed is not None:
                return len(packed), '"%s"' % tag, None, packed
        return None


def is_safe(name, hidden=False):
    """Tell whether a name is one of a file below a directory, and nothing else on any platform.

    :param name: the name, of parts separated by slashes.
    :param hidden: whether parts may start with a dot.
    """
    for part in name.split('/'):
        if not part.strip('. '):
            return False  # none at all, or as many dots as it may take to go up
        if not hidden and (part[0] == '.' or _is_alias(part)):
            return False
    return not ('\\' in name or ':' in name or '\t' in name or has_control(name))


def _is_alias(part):
    # FAT knows `.secret` as SECRET~1, too.
    i = part.find('~')
    return 0 < i < 8 and len(part) < 13 and '0' <= part[i + 1 : i + 2] <= '9'


def _refuse(status_code, reason):
    raise HTTPException(status_code, reason)


def _redirect(request):
    """Return the redirect from a directory's name to the one with a slash at its end."""
    # A URL that starts with two slashes would lead to another host.
    location = '/' + quote(request.path.lstrip('/')) + '/'
    if request.query_string:
        location += '?' + request.query_string
    return Response.redirect(location)


def _accepts_gzip(request):
    """Tell whether a client takes gzip, and takes it no less than nothing (RFC 9110, 12.5.3).

    The response is noted to depend on that.
    """
    request.vary('Accept-Encoding')
    weights = {}
    for item in request.headers.get('Accept-Encoding', '').lower().split(','):
        coding, _, parameter = item.partition(';')
        name, _, weight = parameter.partition('=')
        try:
            weights[coding.strip()] = float(weight) if name.strip() == 'q' else 1
        except ValueError:
            pass
    weight = weights.get('gzip', weights.get('x-gzip', weights.get('*', 0)))
    return weight > 0 and weight >= weights.get('identity', 0)


def _is_special(headers):
    if 'Range' in headers:
        return True
    for name in ('None-Match', 'Modified-Since', 'Match', 'Unmodified-Since'):
        if 'If-' + name in headers:
            return True
    return False


def _open(path):
    try:
        return open(path, 'rb')
    except OSError as exc:
        if exc.errno in _GONE:
            _refuse(404, 'Not found')
        raise


def _send(request, content, size, ranges, headers):
    """Return the response with a whole file, or with the ranges of it as pairs (start, end)."""
    status_code = 200
    parts = ()
    if ranges:
        from .ranges import Parts, describe

        status_code = 206
        size, parts = describe(ranges, size, headers)
    # No more is sent, even if the file has grown.
    headers['Content-Length'] = str(size)
    if request.method.upper() == 'HEAD':
        return Response(b'', status_code, headers)
    is_file = isinstance(content, str)
    if is_file:
        content = _open(content)
    if parts:
        content = Parts(content if is_file else io.BytesIO(content), parts)
    response = Response(content, status_code, headers)
    response.is_file = is_file or parts != ()
    return response


def mount(app, prefix, source, options):
    """Register the routes of a ``Static``; see ``Microdot.static``."""
    if '<' in prefix:
        raise ValueError('invalid URL prefix')
    files = Static(source, **options)
    prefix = '/' + prefix.strip('/') if prefix.strip('/') else ''
    for pattern in ('/<path:path>', '/', ''):
        app.get(prefix + pattern)(files.serve)
    return files
