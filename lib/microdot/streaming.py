"""Bodies of responses that come in pieces: how they are taken, and how they are written.

Files among them: their media types, and how they are opened and read.
"""

import asyncio
import errno
import os

from .compat import (
    BLOCK,
    COPIES,
    PIECE,
    Ahead,
    const,
    iscoroutine,
    next_of,
    print_exception,
    ticks_diff,
    ticks_ms,
)
from .http1 import CHUNKED
from .response import raise_end

_GATHER = const(1000)  # bytes of small pieces that leave together
_PATIENCE = const(20)  # milliseconds that a piece may wait for the next one
_TURN = const(5)  # milliseconds that a stream may keep the others from running
_MISSING = (errno.ENOENT, errno.EISDIR, getattr(errno, 'ENOTDIR', 20))


class FileMissing(OSError):
    """The file of a response is not there; unhandled, it is answered with 404."""

    status_code = 404


def media_type_of(filename, types_map):
    """Return the media type that a file's extension stands for, whatever its case.

    :param filename: the name or path of the file.
    :param types_map: a dictionary from extension to media type, looked at first.
    """
    name = filename.replace('\\', '/').split('/')[-1]
    _, dot, extension = name.rpartition('.')
    if not dot:
        return 'application/octet-stream'
    if extension not in types_map:
        extension = extension.lower()
    found = types_map.get(extension)
    if not found:
        from .registry import TYPES

        start = TYPES.find('\n' + extension + ' ')
        if start < 0:
            return 'application/octet-stream'
        found = TYPES[start + len(extension) + 2 : TYPES.find('\n', start + 1)]
    return found


def open_file(filename):
    """Open a file for reading bytes.

    Raises ``FileMissing``, an ``OSError``, if there is no such file or it is a directory.
    """
    try:
        file = open(filename, 'rb')
        # Where files have a number, a directory opens without complaint, and fails when it is read.
        if hasattr(file, 'fileno') and os.stat(filename)[0] & 0xF000 == 0x4000:
            raise FileMissing(errno.EISDIR)
        return file
    except OSError as exc:
        if exc.errno in _MISSING:
            raise FileMissing(*exc.args) from None
        raise


def read_file(file, n):
    """Read at most n bytes of a file, fewer if there is no memory for n bytes in one piece."""
    while True:
        try:
            return file.read(n)
        except MemoryError:
            n //= 2
            if n < 64:
                raise


async def close(body):
    """Close a file-like object or a generator, an asynchronous one too, that is to end early."""
    try:
        result = None
        if hasattr(body, 'aclose'):
            result = body.aclose()
        elif hasattr(body, 'close'):
            result = body.close()
        if iscoroutine(result) or hasattr(result, '__await__'):
            await result
    except ValueError:
        pass  # a generator still running in its thread ends by itself
    except BaseException as exc:
        raise_end(exc)
        print_exception(exc)  # the response is complete


class BodyIterator:
    """An asynchronous iterator over a body that is not one itself.

    ``waits`` tells whether other tasks may run before the next piece comes; a file-like object
    whose ``read`` never waits may have such an attribute. ``gathers`` tells whether each piece is
    all that there is by now; ``take()``, where there is one, returns it, and ``ended()`` whether
    it was the last one.

    :param body: a file-like object, an iterable, or a single value.
    :param size: how many bytes to read of a file-like object at once.
    :param waits: whether reading may wait.
    """

    items = None
    gathers = False

    def __init__(self, body, size, waits=True):
        self.body = body
        self.size = size
        self.waits = waits
        if not waits and hasattr(body, 'readinto'):
            self.file = body  # as it is read without waiting
        if not (body is None or isinstance(body, (bytes, bytearray, str)) or hasattr(body, 'read')):
            try:
                self.items = iter(body)
            except TypeError:
                return  # a single value
            self.waits = False
            if Ahead:
                self.gathers = True
                ahead = Ahead(self.items)
                self.take = ahead.take
                self.ended = ahead.ended

    def __aiter__(self):
        return self

    async def __anext__(self):
        data = body = self.body
        if self.items is not None:
            return await next_of(self.items)
        if hasattr(body, 'read'):
            data = read_file(body, self.size)
            if iscoroutine(data):
                data = await data
        else:
            self.body = None
        if data is None or (not data and data != 0):
            raise StopAsyncIteration
        return data

    async def aclose(self):
        await close(self.body)


class OutgoingBody:
    """What is next to be written of a streamed response: its head, and pieces of its body.

    Small pieces that the source has at once leave together.

    :param stream: the stream to write to.
    :param head: the head, bytes.
    :param left: how many bytes the body is to have, ``CHUNKED``, or ``None`` for any number.
    """

    end = b''
    writing = None  # the task that writes while the source waits

    def __init__(self, stream, head, left):
        self.stream = stream
        self.head = head
        self.left = left
        self.pieces = []
        self.size = 0  # of the pieces, in bytes
        self.turn = ticks_ms()
        # Here, as they are assigned when there may be no memory for a new attribute.
        self.busy = False  # whether something is being written
        self.error = None  # of a write: nothing can follow it

    def add(self, piece):
        """Add a piece of the body. Raises ``TypeError`` if it is neither str nor bytes."""
        if isinstance(piece, str):
            piece = piece.encode()
        elif not isinstance(piece, bytes):
            piece = bytes(memoryview(piece))  # a buffer, which its owner may use again
        if self.left is not None and self.left >= 0:
            if len(piece) > self.left:
                piece = piece[: self.left]
            self.left -= len(piece)
        if piece:
            self.pieces.append(piece)
            self.size += len(piece)

    async def flush(self):
        """Write what there is; the pieces make one chunk of a chunked body (RFC 9112, 7.1)."""
        self.busy = True
        try:
            parts = [self.head] + self.pieces + [self.end]
            if self.size and self.left == CHUNKED:
                parts[0] += b'%x\r\n' % self.size
                parts[-1] = b'\r\n' + self.end
            self.head = b''
            self.pieces = []
            self.size = 0
            # Together what makes no large block.
            begun = size = 0
            for i in range(len(parts)):
                size += len(parts[i])
                if size > BLOCK and i > begun:
                    await self._send(parts[begun:i])
                    begun = i
                    size = len(parts[i])
            if size:
                await self._send(parts[begun:])
        except Exception as exc:
            self.error = exc  # of a task, perhaps, that nobody waits for
        finally:
            self.busy = False

    async def _send(self, parts):
        """Write some bytes, in one piece unless there is no memory for that."""
        try:
            parts = (parts[0] if len(parts) == 1 else b''.join(parts),)
        except MemoryError:
            pass
        for part in parts:
            await self.stream.awrite(part)

    async def pour(self, source):
        """Write all that an asynchronous iterator yields, and close it.

        Returns whether it was as much as it had to be.
        """
        if getattr(source, 'file', None) and self.left != CHUNKED:
            return await self._pour_file(source.file, source.size)
        failure = None
        closing = close(source)  # made while there is memory for it
        try:
            await (self._relay if getattr(source, 'gathers', False) else self._gather)(source)
        except StopAsyncIteration:
            self.end = b'0\r\n\r\n' if self.left == CHUNKED else b''
        except BaseException as exc:
            if self.writing and isinstance(exc, asyncio.CancelledError):
                self.writing.cancel()
            raise_end(exc)
            failure = exc  # what came before it is sent
        finally:
            await closing
        if self.busy:
            await self.writing
        elif self.writing:
            self.writing.cancel()  # it has not begun: all leaves together
        if not self.error:
            await self.flush()
        if failure or self.error:
            raise failure or self.error
        return not self.left or self.left == CHUNKED

    async def _relay(self, source):
        """Write each piece of a source whose pieces are all that there is by now."""
        take = getattr(source, 'take', source.__anext__)
        ended = getattr(source, 'ended', None)
        while self.left != 0 and not self.error:
            self.add(await take())
            if not (ended and ended()):
                await self.flush()
            if self._is_long():
                await asyncio.sleep(0)

    async def _gather(self, source):
        """Write the pieces of a source, small ones together."""
        waits = getattr(source, 'waits', True)
        begun = ticks_ms()
        while self.left != 0 and not self.error:
            if waits and (not self.writing or self.writing.done()):
                # It has its turn as soon as the source waits: nothing is held back then.
                self.writing = asyncio.create_task(self.flush())
            self.add(await source.__anext__())
            now = ticks_ms()
            if self.size >= _GATHER or ticks_diff(now, begun) >= _PATIENCE:
                await (self.writing or self.flush())
                begun, self.writing = now, None
                if self._is_long():
                    await asyncio.sleep(0)  # however fast this client reads

    async def _pour_file(self, file, size):  # noqa: C901 - a function more costs a board memory
        """Write what a file has, up to the length of the body, and close it."""
        left = self.left
        head = self.head
        try:
            view = _buffer(size) if COPIES else None
            size = max(size, PIECE)
            while left != 0:
                if view:
                    data = view if left is None else view[:left]
                    data = data[: file.readinto(data)]
                else:
                    data = file.read(size if left is None else min(size, left))
                if not data:
                    break
                if left:
                    left -= len(data)
                if head:
                    try:
                        if len(head) + len(data) <= BLOCK:
                            data = head + data
                            head = b''
                    except MemoryError:
                        pass
                    if head:
                        await self.stream.awrite(head)
                        head = b''
                await self.stream.awrite(data)
                if self._is_long():
                    await asyncio.sleep(0)
            if head:
                await self.stream.awrite(head)
        finally:
            file.close()
        return not left

    def _is_long(self):
        """Tell whether the others have waited for their turn long enough."""
        now = ticks_ms()
        if ticks_diff(now, self.turn) < _TURN:
            return False
        self.turn = now
        return True


def _buffer(size):
    """Return a memoryview of a buffer, smaller if there is no memory for one of that size."""
    while True:
        try:
            return memoryview(bytearray(size))
        except MemoryError:
            size //= 2
            if size < 64:
                raise
