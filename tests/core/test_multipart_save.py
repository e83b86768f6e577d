"""``FileUpload.save``: the whole file or none, and a loop that goes on meanwhile."""

import asyncio
import io
import os

from heap import heap_lock, heap_unlock
from microdot import Request
from microdot.microdot import HTTPException, NoCaseDict
from microdot.multipart import FileUpload, FormDataIter, with_form_data
from support import araises

DATA = bytes(range(256)) * 12
HEAD = (
    b'--bound-ary\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n'
    b'Content-Type: text/plain\r\n\r\n'
)
END = b'\r\n--bound-ary--\r\n'


class Pieces:
    """A stream of a body in pieces; ``None`` for one that never comes, an exception to raise."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    async def read(self, n):
        piece = self.pieces.pop(0) if self.pieces else b''
        if piece is None:
            await asyncio.sleep(100)
        if isinstance(piece, Exception):
            raise piece
        if len(piece) > n:
            self.pieces.insert(0, piece[n:])
        return piece[:n]


async def upload_of(*pieces):
    headers = NoCaseDict({'Content-Type': 'multipart/form-data; boundary=bound-ary'})
    request = Request('app', None, 'POST', '/', '1.1', headers, None, Pieces(*pieces))
    _, upload = await FormDataIter(request).__anext__()
    return upload


def whole(data):
    return upload_of(HEAD, data + END)


class Folder:
    """A folder that must hold nothing else but ``target`` at the end."""

    def __enter__(self):
        self.path = 'saved' + ''.join(['%02x' % c for c in os.urandom(6)])
        os.mkdir(self.path)
        self.target = self.path + '/target'
        return self

    def __exit__(self, *exc):
        left = os.listdir(self.path)
        for name in left:
            os.remove(self.path + '/' + name)
        os.rmdir(self.path)
        assert left in ([], ['target']), left

    def content(self):
        try:
            with open(self.target, 'rb') as file:
                return file.read()
        except OSError:
            return None


class Path:
    """An object for a path, where there is no pathlib."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


async def test_to_a_path():
    with Folder() as folder:
        for target in (folder.target, Path(folder.target), folder.target.encode()):
            for length in (0, 1, 256, 257, 3072, 5):  # the last one is shorter than what is there
                await (await whole(DATA[:length])).save(target)
                assert folder.content() == DATA[:length]


async def test_to_the_current_folder():
    name = 'saved' + ''.join(['%02x' % c for c in os.urandom(6)])
    try:
        await (await whole(DATA)).save(name)
        assert os.stat(name)[6] == len(DATA)
    finally:
        os.remove(name)


async def test_to_an_object():
    file = io.BytesIO()
    await (await whole(DATA)).save(file)
    assert file.getvalue() == DATA
    assert file.read() == b'', 'it is not closed'


async def test_from_a_copy():
    with Folder() as folder:
        FileUpload.directory = folder.path
        try:
            for limit in (0, 5000):
                upload = await (await whole(DATA)).copy(limit)
                await upload.save(folder.target)
                await upload.close()
                assert folder.content() == DATA
        finally:
            FileUpload.directory = None


async def test_no_such_folder():
    with Folder() as folder:
        await araises(OSError, (await whole(DATA)).save(folder.path + '/no/target'))
        await araises(OSError, (await whole(DATA)).save(folder.path))


async def test_failing_midway():
    for before in (None, b'what was there'):
        with Folder() as folder:
            if before:
                with open(folder.target, 'wb') as file:
                    file.write(before)
            for pieces, exc_type in (
                ((HEAD, DATA), HTTPException),
                ((HEAD, DATA, ValueError('malformed')), ValueError),
                ((HEAD, DATA, OSError(5)), OSError),
            ):
                await araises(exc_type, (await upload_of(*pieces)).save(folder.target))
                assert folder.content() == before
                assert len(os.listdir(folder.path)) == bool(before)


async def test_cancelled_midway():
    for before in (None, b'what was there'):
        with Folder() as folder:
            if before:
                with open(folder.target, 'wb') as file:
                    file.write(before)
            task = asyncio.create_task((await upload_of(HEAD, DATA, None)).save(folder.target))
            for _ in range(1000):
                await asyncio.sleep(0)
                if len(os.listdir(folder.path)) > bool(before):
                    break
            else:
                raise AssertionError('it never began')
            await asyncio.sleep(0.01)
            task.cancel()
            await araises(asyncio.CancelledError, task)
            assert folder.content() == before
            assert len(os.listdir(folder.path)) == bool(before)


async def test_two_of_one_name_at_once():
    with Folder() as folder:
        tasks = []
        for start in (0, 1):
            upload = await whole(DATA[start:])
            tasks.append(asyncio.create_task(upload.save(folder.target)))
        for task in tasks:
            await task
        assert folder.content() in (DATA, DATA[1:])


async def test_others_run_meanwhile():
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    with Folder() as folder:
        FileUpload.directory = folder.path
        size, FormDataIter.buffer_size = FormDataIter.buffer_size, 64
        try:
            # Neither reading a copy nor writing it waits for anything.
            upload = await (await whole(DATA)).copy(0)
            task = asyncio.create_task(count())
            await upload.save(io.BytesIO())
            task.cancel()
            await upload.close()
        finally:
            FormDataIter.buffer_size = size
            FileUpload.directory = None
    assert turns >= len(DATA) // 64, turns


async def test_uploads_are_closed_without_memory():
    closed = []

    @with_form_data
    def handler(request):
        heap_lock()
        raise MemoryError

    async def note(upload):
        heap_unlock()
        closed.append(upload)

    headers = NoCaseDict({'Content-Type': 'multipart/form-data; boundary=bound-ary'})
    request = Request('app', None, 'POST', '/', '1.1', headers, None, Pieces(HEAD, b'file' + END))
    close, FileUpload.close = FileUpload.close, note
    try:
        await araises(MemoryError, handler(request))
    finally:
        FileUpload.close = close
        if not closed:
            heap_unlock()
    assert len(closed) == 1
