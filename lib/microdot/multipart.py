"""Forms with files, ``multipart/form-data`` (RFC 7578), read piece by piece.

``FormDataIter`` goes through a form of any size with little memory, ``with_form_data`` collects a
small one before the handler runs. Malformed and truncated forms are answered with 400, those beyond
a limit with 413.
"""

import asyncio

from .compat import FILE_BLOCK, const, invoke_handler
from .datastructures import MultiDict
from .errors import abort
from .helpers import wraps

_PARAMETERS = const(16)  # most parameters of a header


class FormDict(MultiDict):
    """The fields or the files of a form: a dictionary of the last value for each name.

    ``getlist(name)`` returns all values of a name, in the order of the form.
    """

    def __init__(self):
        super().__init__()
        self.lists = {}

    def __setitem__(self, key, value):
        if key not in self:
            self.lists[key] = []
        self.lists[key].append(value)
        super(MultiDict, self).__setitem__(key, value)

    def __getitem__(self, key):
        return super(MultiDict, self).__getitem__(key)

    def get(self, key, default=None, type=None):
        """Return the last value of a name, converted by ``type`` where one is given."""
        if key not in self:
            return default
        return self[key] if type is None else type(self[key])

    def getlist(self, key, type=None):
        """Return all values of a name, converted by ``type``; an empty list without any."""
        values = self.lists[key] if key in self else ()
        return [value if type is None else type(value) for value in values]

    def pop(self, key, *default):
        return super(MultiDict, self).pop(key, *default)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]


def _parameters(text):
    """Return (value, parameters) of a header like ``value; name=token; name="quoted"``.

    The value and the names are in lower case. A backslash escapes quotes and itself only: browsers
    send those in file names as they are. Raises ``HTTPException`` for a quote that does not end,
    and for more parameters than anybody needs.
    """
    # Two characters that no header has stand for what is escaped: every quote left is one. All of
    # this takes time and memory in proportion to the text, as it comes from who knows whom.
    text = text.replace('\\\\', '\0').replace('\\"', '\n')
    head, _, rest = text.partition(';')
    parameters = {}
    for _ in range(_PARAMETERS + 1):
        name, equals, rest = rest.partition('=')
        if not equals:
            return head.strip(' \t').lower(), parameters
        rest = rest.lstrip(' \t')
        if rest[:1] == '"':
            value, quote, rest = rest[1:].partition('"')
            if not quote:
                break
            value = value.replace('\n', '"').replace('\0', '\\')
            rest = rest.partition(';')[2]
        else:
            value, _, rest = rest.partition(';')
            value = value.strip(' \t').replace('\n', '\\"').replace('\0', '\\\\')
        # What comes before the last semicolon is a parameter without a value.
        parameters.setdefault(name.split(';')[-1].strip(' \t').lower(), value)
    abort(400)


def _extended(text):
    """Return the text of an extended value such as ``UTF-8''%C3%A4`` (RFC 8187), else ``None``."""
    from .compat import latin1
    from .urlcoding import unquote

    parts = text.split("'", 2)
    charset = parts[0].lower()
    if len(parts) < 3 or charset not in ('utf-8', 'iso-8859-1'):
        return None
    data = unquote(parts[2].encode())
    try:
        return data.decode() if charset == 'utf-8' else latin1(data)
    except ValueError:
        return None


class FormDataIter:
    """Iterates asynchronously over the parts of a form: (name, text) or (name, ``FileUpload``).

    An upload has to be used before the next step, which skips what has not been read of it. There
    is nothing to iterate over if the content type is another one.

    :param request: the request.

    Raises ``HTTPException``, here or at a step: 400 for a malformed or truncated form, 413 beyond a
    limit. The limits can be assigned to the class.
    """

    #: How much of the body is read and parsed at once, in bytes; a larger one is faster.
    buffer_size = 256
    #: How many parts, fields and files, a form may have.
    max_parts = 100
    #: How many files a form may have.
    max_files = 20
    #: Longest text field, in bytes.
    max_field_size = 16384
    #: Longest text of all fields together, in bytes.
    max_fields_size = 32768
    #: Longest header of a part, in bytes.
    max_header_size = 2048

    def __init__(self, request):
        self.request = request
        self.buffer = None  # what has been read, but not parsed; None if there is nothing to parse
        self.boundary = None
        self.extra_size = 0
        self.part = self.files = 0  # how many so far
        self.fields_left = self.max_fields_size
        self.left = request.content_length or None  # of the body, if that is known
        self.ended = False  # the present part, and its delimiter, are parsed
        media_type, parameters = _parameters(request.content_type or '')
        if media_type == 'multipart/form-data':
            boundary = parameters.get('boundary')
            if not boundary:
                abort(400)
            self.boundary = b'--' + boundary.encode()
            self.extra_size = len(self.boundary) + 4
            # The text before the first part is skipped like a part. Its delimiter has no line end
            # before it, if there is no text: here is one.
            self.buffer = b'\r\n'

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.buffer is None:
            raise StopAsyncIteration
        while await self._some(self.buffer_size):
            pass
        self.part += 1
        while len(self.buffer) < 2:
            await self._fill()
        if self.buffer[:2] == b'--':
            self.buffer = None  # what follows is nobody's business
            raise StopAsyncIteration
        if self.part > self.max_parts:
            abort(413, 'Payload too large')
        name, filename, content_type = await self._head()
        self.ended = False
        if filename is None:
            return name, await self._field()
        self.files += 1
        if self.files > self.max_files:
            abort(413, 'Payload too large')
        part = self.part
        return name, FileUpload(filename, content_type, lambda n=-1: self._read(part, n))

    async def _fill(self):
        n = self.buffer_size + self.extra_size
        if self.left is not None:
            n = min(n, self.left)  # a connection has no end there
        data = await self.request.stream.read(n) if n > 0 else None
        if not data:
            abort(400)
        if self.left is not None:
            self.left -= len(data)
        self.buffer += data

    async def _some(self, n):
        """Return at least one and at most n bytes of the part, ``b''`` at its end."""
        delimiter = b'\r\n' + self.boundary
        while not self.ended:
            end = self.buffer.find(delimiter)
            # Without it, all but what may be its beginning belongs to the part.
            size = end if end >= 0 else len(self.buffer) - len(delimiter) + 1
            if size > 0:
                n = min(n, size)
                data = self.buffer[:n]
                self.buffer = self.buffer[n:]
                return data
            if end == 0:
                self.buffer = self.buffer[len(delimiter) :]
                self.ended = True
            else:
                await self._fill()
        return b''

    async def _read(self, part, n):
        """Return n bytes of a part, fewer at its end; all if n is negative."""
        if part != self.part:
            raise ValueError('upload is over')
        data = b''
        while n < 0 or len(data) < n:
            more = await self._some(self.buffer_size if n < 0 else n - len(data))
            if not more:
                break
            if data:
                data = data if isinstance(data, bytearray) else bytearray(data)
                data.extend(more)
            else:
                data = more
        return bytes(data)

    async def _field(self):
        limit = min(self.max_field_size, self.fields_left)
        data = await self._read(self.part, limit + 1)
        if len(data) > limit:
            abort(413, 'Payload too large')
        self.fields_left -= len(data)
        try:
            return data.decode()
        except ValueError:
            abort(400)

    async def _head(self):
        """Return (name, filename, content_type) by the header of a part."""
        if self.buffer[0] not in b'\r \t':
            abort(400)
        end = -1
        while end < 0:
            end = self.buffer.find(b'\r\n\r\n')
            if (len(self.buffer) if end < 0 else end) > self.max_header_size:
                abort(413, 'Payload too large')
            if end < 0:
                await self._fill()
        head = self.buffer[:end]
        self.buffer = self.buffer[end + 4 :]
        try:
            lines = head.decode().replace('\r\n ', ' ').replace('\r\n\t', ' ').split('\r\n')
        except ValueError:
            abort(400)
        headers = {'content-disposition': '', 'content-type': None}
        for line in lines[1:]:
            name, colon, value = line.partition(':')
            if not colon or '\r' in line or '\n' in line or '\0' in line:
                abort(400)
            headers[name.strip().lower()] = value.strip()
        disposition, parameters = _parameters(headers['content-disposition'])
        filename = parameters.get('filename')
        if 'filename*' in parameters:
            filename = _extended(parameters['filename*']) or filename
        name = parameters.get('name')
        if (
            lines[0].strip()
            or disposition != 'form-data'
            or name is None
            or (filename is None and 'filename*' in parameters)
        ):
            abort(400)
        return name, filename, headers['content-type']


class FileUpload:
    """A file of a form.

    :param filename: its name, as sent: not to be trusted as a path.
    :param content_type: its media type, as sent, or ``None``.
    :param read: a coroutine function of the number of bytes that returns the next ones.
    """

    #: Uploads shorter than this, in bytes, are kept in memory by ``copy``.
    max_memory_size = 1024
    #: Where ``copy`` puts temporary files: a path, by default the system's directory for such, or
    #: where there is none, the current one.
    directory = None

    def __init__(self, filename, content_type, read):
        self.filename = filename
        self.content_type = content_type
        self._read = read
        self._file = None
        self._path = None

    async def read(self, n=-1):
        """Return the next n bytes, fewer at the end; all that is left if n is negative.

        Raises ``ValueError`` if the iterator of the form has moved on, else what that raises.
        """
        return self._file.read(n) if self._file else await self._read(n)

    async def save(self, path_or_file):
        """Write the upload to a file; others are served meanwhile.

        :param path_or_file: a path, or an object with ``write()``, which is not closed, and which
            gets ``FormDataIter.buffer_size`` bytes at a time, on CPython in a thread.

        A path has the whole upload in the end, or what it had before: the data goes to a temporary
        file beside it, ``.upload-`` and 12 letters, which is removed if anything goes wrong.
        """
        if hasattr(path_or_file, 'write'):
            await self._save(path_or_file, FormDataIter.buffer_size)
            return
        import os

        path = _target(path_or_file)
        temporary = _beside(path)
        file = open(temporary or path, 'wb')
        try:
            try:
                await self._save(file, max(FormDataIter.buffer_size, FILE_BLOCK))
            finally:
                file.close()
            if temporary:
                getattr(os, 'replace', os.rename)(temporary, path)
        except BaseException:
            if temporary:
                os.remove(temporary)
            raise

    async def _save(self, file, size):
        # Writing may take long. In a thread nobody waits for it; without one, nobody waits for
        # more than a block.
        while True:
            if self._path:
                data = await invoke_handler(self._file.read, size)
            else:
                data = await self.read(size)
            if not data:
                return
            await invoke_handler(file.write, data)
            await asyncio.sleep(0)

    async def copy(self, max_memory_size=None):
        """Read the whole upload, so that the iterator can move on, and return it.

        :param max_memory_size: uploads of as many bytes or more go to a temporary file, by default
            ``FileUpload.max_memory_size``.
        """
        if self._file:
            return self
        limit = self.max_memory_size if max_memory_size is None else max_memory_size
        pieces = []  # not one block that grows, for which there may be no room
        while limit > 0:
            data = await self.read(min(limit, FormDataIter.buffer_size))
            if not data:
                import io

                self._file = io.BytesIO(b''.join(pieces))
                return self
            pieces.append(data)
            limit -= len(data)
        file, path = _temporary(self.directory)
        try:
            while pieces:
                file.write(pieces.pop(0))
            await self._save(file, max(FormDataIter.buffer_size, FILE_BLOCK))
            file.seek(0)
        except BaseException:
            self._file, self._path = file, path
            await self.close()
            raise
        self._file, self._path = file, path
        return self

    async def close(self):
        """Close the copy, and remove its file."""
        import os

        file, path = self._file, self._path
        self._file = self._path = None
        if file:
            try:
                file.close()
            except OSError:
                pass  # what it held back found no room, which is nobody's loss
        if path:
            try:
                os.remove(path)
            except OSError:
                pass  # somebody else has


def _letters():
    from os import urandom

    return ''.join([chr(97 + c % 26) for c in urandom(12)])


def _target(path):
    """Return the str of a path to write to, behind any links."""
    import os

    path = path.__fspath__() if hasattr(path, '__fspath__') else path
    if isinstance(path, bytes):
        path = path.decode() if not hasattr(os, 'fsdecode') else os.fsdecode(path)
    return os.path.realpath(path) if hasattr(os, 'path') else str(path)


def _beside(path):
    """Return the path of a temporary file for another, ``None`` if that is no file to replace."""
    import os

    try:
        if os.stat(path)[0] & 0xF000 != 0x8000:
            return None  # such as a device
    except OSError:
        pass
    name = '.upload-' + _letters()
    if hasattr(os, 'path'):
        return os.path.join(os.path.dirname(path), name)
    return path[: path.rfind('/') + 1] + name


def _temporary(directory):
    """Return a new file, open for writing and reading, and its path."""
    try:
        from tempfile import mkstemp
    except ImportError:
        path = _letters()
        if directory:
            path = directory + '/' + path
        return open(path, 'w+b'), path
    number, path = mkstemp(dir=directory)
    return open(number, 'w+b'), path


def with_form_data(f):
    """Decorate a handler that finds the form in ``request.form`` and ``request.files``.

    Both are dictionaries of the last value for each name, with ``getlist(name)`` for all. Files are
    copied, see ``FileUpload.copy``, and removed when the handler has ended. Requests without such a
    form keep the attributes they have.
    """

    @wraps(f)
    async def wrapper(request, *args, **kwargs):
        uploads = []
        try:
            form, files = FormDict(), FormDict()
            async for name, value in FormDataIter(request):
                if isinstance(value, FileUpload):
                    uploads.append(value)
                    files[name] = await value.copy()
                else:
                    form[name] = value
            if form or files:
                request.form = request._form = form
                request.files = request._files = files
            return await invoke_handler(f, request, *args, **kwargs)
        finally:
            for upload in uploads:
                await upload.close()

    return wrapper
