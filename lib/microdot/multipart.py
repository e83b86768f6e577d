"""Forms with files, ``multipart/form-data`` (RFC 7578), read piece by piece.

``FormDataIter`` goes through a form of any size with little memory, ``with_form_data`` collects a
small one before the handler runs. Malformed and truncated forms are answered with 400, those beyond
a limit with 413.
"""

import asyncio
import io
import os

from .compat import PIECE, const, invoke_handler
from .compat_rare import FILE_BLOCK
from .helpers import wraps
from .http1 import abort
from .urlencoded import unquote

try:
    from tempfile import mkstemp
except ImportError:
    mkstemp = None

_PARAMETERS = const(16)  # most parameters of a header


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
    """Return the text of an extended value such as ``UTF-8''%C3%A4``, else ``None``.

    UTF-8 is the one charset that RFC 8187 asks for. Raises ``HTTPException`` for a line end or NUL.
    """
    parts = text.split("'", 2)
    if len(parts) < 3 or parts[0].lower() != 'utf-8':
        return None
    try:
        text = unquote(parts[2])
    except ValueError:
        return None
    if _breaks(text):
        abort(400)
    return text


def _breaks(text):
    """Tell whether a str has a line end or a NUL, which no header and no file name has."""
    return '\r' in text or '\n' in text or '\0' in text


class FormDataIter:
    """Iterates asynchronously over the parts of a form: (name, text) or (name, ``FileUpload``).

    An upload has to be used before the next step, which skips what has not been read of it. There
    is nothing to iterate over if the content type is another one.

    :param request: the request.

    Raises ``HTTPException``, here or at a step: 400 for a malformed or truncated form, 413 beyond a
    limit. The limits can be assigned to the class.
    """

    #: How much of the body is read and parsed at once, in bytes; a larger one is faster.
    buffer_size = max(1024, PIECE)
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
            self.delimiter = b'\r\n' + self.boundary
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
        return name, FileUpload(filename, content_type, lambda n: self._read(part, n))

    async def _fill(self):
        n = self.buffer_size
        if self.left is not None:
            n = min(n, self.left)  # a connection has no end there
        data = await self.request.stream.read(n) if n > 0 else None
        if not data:
            abort(400)
        if self.left is not None:
            self.left -= len(data)
        self.buffer = self.buffer + data if self.buffer else data

    async def _some(self, n):
        """Return at least one and at most n bytes of the part, ``b''`` at its end."""
        delimiter = self.delimiter
        while not self.ended:
            buffer = self.buffer
            size = end = buffer.find(delimiter)
            if end < 0:
                # All but what may be its beginning belongs to the part; mostly that is all.
                size = buffer.find(b'\r', max(len(buffer) - len(delimiter) + 1, 0))
            if size and buffer:
                if size < 0 and len(buffer) <= n:
                    self.buffer = b''
                    return buffer
                n = min(n, size) if size > 0 else n
                self.buffer = buffer[n:]
                return buffer[:n]
            if end == 0:
                self.buffer = buffer[len(delimiter) :]
                self.ended = True
            else:
                await self._fill()
        return b''

    def _read(self, part, n):
        """Return the coroutine of at most n bytes of an upload, ``b''`` at its end."""
        if part != self.part:
            raise ValueError('upload is over')
        return self._some(n)

    async def _field(self):
        limit = min(self.max_field_size, self.fields_left)
        data = await _gathered(self._some, limit + 1)
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
            if (len(self.buffer) - 3 if end < 0 else end) > self.max_header_size:
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
            if not colon or _breaks(line):
                abort(400)
            headers[name.strip(' \t').lower()] = value.strip(' \t')
        disposition, parameters = _parameters(headers['content-disposition'])
        filename = parameters.get('filename')
        if 'filename*' in parameters:
            filename = _extended(parameters['filename*']) or filename
        name = parameters.get('name')
        if (
            lines[0].strip(' \t')
            or disposition != 'form-data'
            or name is None
            or (filename is None and 'filename*' in parameters)
        ):
            abort(400)
        return name, filename, headers['content-type']


async def _gathered(read, n):
    """Return the next n bytes of what ``read`` has, fewer at its end; all if n is negative."""
    pieces = []  # not one block that grows, for which there may be no room
    while n:
        data = await read(n if 0 < n < FormDataIter.buffer_size else FormDataIter.buffer_size)
        if not data:
            break
        pieces.append(data)
        n -= len(data) if n > 0 else 0
    return pieces[0] if len(pieces) == 1 else b''.join(pieces)


class FileUpload:
    """A file of a form.

    :param filename: its name, as sent: not to be trusted as a path.
    :param content_type: its media type, as sent, or ``None``.
    :param read: a coroutine function of a number of bytes, which returns as many or fewer of the
        next ones, ``b''`` at the end.
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
        return self._file.read(n) if self._file else await _gathered(self._read, n)

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
            elif self._file or size > FormDataIter.buffer_size:
                data = await self.read(size)
            else:
                data = await self._read(size)
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
        pieces = []
        while limit > 0:
            data = await self._read(min(limit, FormDataIter.buffer_size))
            if not data:
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
    return ''.join([chr(97 + c % 26) for c in os.urandom(12)])


def _target(path):
    """Return the str of a path to write to, behind any links."""
    path = path.__fspath__() if hasattr(path, '__fspath__') else path
    if isinstance(path, bytes):
        path = path.decode() if not hasattr(os, 'fsdecode') else os.fsdecode(path)
    return os.path.realpath(path) if hasattr(os, 'path') else str(path)


def _beside(path):
    """Return the path of a temporary file for another, ``None`` if that is no file to replace."""
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
    if not mkstemp:
        path = _letters()
        if directory:
            path = directory + '/' + path
        return open(path, 'w+b'), path
    number, path = mkstemp(dir=directory)
    return open(number, 'w+b'), path


def with_form_data(f):
    """Decorate a handler that finds the form in ``request.form`` and ``request.files``.

    Both are dictionaries with the last value of each name; ``FormDataIter`` yields all values.
    Files are copied, see ``FileUpload.copy``, and removed when the handler has ended. Requests
    without such a form keep the attributes they have.
    """

    @wraps(f)
    async def wrapper(request, *args, **kwargs):
        closing = []  # coroutines, made while there is memory for them
        try:
            form, files = {}, {}
            async for name, value in FormDataIter(request):
                if isinstance(value, FileUpload):
                    closing.append(value.close())
                    files[name] = await value.copy()
                else:
                    form[name] = value
            if form or files:
                request._form = form
                request.files = request._files = files
            return await invoke_handler(f, request, *args, **kwargs)
        finally:
            for upload in closing:
                await upload

    return wrapper
