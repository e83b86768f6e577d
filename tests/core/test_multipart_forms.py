"""``with_form_data``: what handlers see of forms; ``FileUpload``: copies and saved files."""

import os

from microdot import Microdot, Request
from microdot.microdot import NoCaseDict
from microdot.multipart import FileUpload, FormDataIter, with_form_data
from microdot.test_client import TestClient

LARGE = b'\r\n--bound-ar' * 125
TYPE = {'Content-Type': 'multipart/form-data; boundary=bound-ary'}


def part(disposition, data, *headers):
    lines = ['Content-Disposition: form-data; ' + disposition]
    lines.extend(headers)
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + data


def body_of(*parts):
    mark = b'--bound-ary'
    return b''.join([mark + b'\r\n' + p + b'\r\n' for p in parts]) + mark + b'--\r\n'


SEVERAL = body_of(
    part('name="a"', b'1'),
    part('name="f"; filename="x.txt"', b'first', 'Content-Type: text/plain'),
    part('name="a"', b'2'),
    part('name="b"', 'ä'.encode()),
    part('name="f"; filename="y"', LARGE),
    part('name="none"; filename=""', b'', 'content-type: application/octet-stream'),
)


class Dir:
    """A directory for temporary files, which must be empty at the end."""

    def __enter__(self):
        self.path = 'uploads' + ''.join(['%02x' % c for c in os.urandom(6)])
        os.mkdir(self.path)
        FileUpload.directory = self.path
        return self

    def __exit__(self, *exc):
        FileUpload.directory = None
        left = os.listdir(self.path)
        for name in left:
            os.remove(self.path + '/' + name)
        os.rmdir(self.path)
        assert left == []


async def names(body, **headers):
    """What a handler sees of the parts of a form: pairs of the name and the text or file name."""
    app = Microdot()

    @app.post('/')
    @with_form_data
    async def form(request):
        pairs = list(request.form.items())
        for name in request.files:
            pairs.append((name, request.files[name].filename))
        return sorted(pairs)

    response = await TestClient(app).post('/', headers or TYPE, body)
    return [tuple(pair) for pair in response.json]


async def test_async_function():
    app = Microdot()
    with Dir() as directory:

        @app.post('/<name>')
        @with_form_data
        async def form(request, name):
            assert request.form is request._form and request.files is request._files
            assert len(os.listdir(directory.path)) == 1
            assert request.form == {'a': '2', 'b': 'ä'}
            assert type(request.form) is dict and type(request.files) is dict
            assert dict(request.form) == request.form and dict(request.files) == request.files
            assert sorted(request.files.keys()) == ['f', 'none']
            y = request.files['f']
            assert (y.filename, y.content_type) == ('y', None)
            assert await y.read(1000) == LARGE[:1000] and await y.read() == LARGE[1000:]
            none = request.files['none']
            assert none.filename == '' and await none.read() == b''
            return name

        response = await TestClient(app).post('/abc', TYPE, SEVERAL)
    assert (response.status_code, response.text) == (200, 'abc')


async def test_sync_function_without_result():
    app = Microdot()
    seen = []

    @app.post('/')
    @with_form_data
    def form(request):
        seen.extend((request.form['b'], request.files['f'].filename))

    assert (await TestClient(app).post('/', TYPE, SEVERAL)).status_code == 204
    assert seen == ['ä', 'y']


async def test_all_values_of_a_name():
    items = []
    async for name, value in FormDataIter(request_for(SEVERAL)):
        if isinstance(value, FileUpload):
            value = value.filename, value.content_type, len(await value.read())
        items.append((name, value))
    assert items == [
        ('a', '1'),
        ('f', ('x.txt', 'text/plain', 5)),
        ('a', '2'),
        ('b', 'ä'),
        ('f', ('y', None, len(LARGE))),
        ('none', ('', 'application/octet-stream', 0)),
    ]


async def test_requests_without_such_a_form():
    app = Microdot()

    @app.route('/', methods=['GET', 'POST'])
    @with_form_data
    async def form(request):
        return [request.form, request.files, request.json]

    client = TestClient(app)
    assert (await client.get('/')).json == [None, None, None]
    assert (await client.post('/', body={'a': 1})).json == [None, None, {'a': 1}]
    urlencoded = {'Content-Type': 'application/x-www-form-urlencoded'}
    assert (await client.post('/', urlencoded, 'a=1')).json == [{'a': ['1']}, None, None]
    only_text = body_of(part('name="a"', b'1'))
    assert (await client.post('/', TYPE, only_text)).json == [{'a': '1'}, {}, None]


async def test_files_are_removed_whatever_happens():
    app = Microdot()
    seen = []

    @app.post('/')
    @with_form_data
    async def form(request):
        seen.append(len(os.listdir(FileUpload.directory)))
        await request.files['f'].close()
        await request.files['f'].close()
        raise KeyError('x')

    @app.errorhandler(KeyError)
    async def failed(request, exc):
        return 'failed', 500

    with Dir():
        assert (await TestClient(app).post('/', TYPE, SEVERAL)).status_code == 500
        assert seen == [1]
        for end in (200, 100, 20, 3):
            body = SEVERAL[:-end]
            assert (await TestClient(app).post('/', TYPE, body)).status_code == 400
        body = body_of(part('name="f"; filename="x"', LARGE))
        assert (await TestClient(app).post('/', TYPE, body[:-4])).status_code == 400
    assert seen == [1]


async def test_file_names():
    for sent, expected in (
        ('filename="a;b=c.txt"', 'a;b=c.txt'),
        ('filename="a\\"b\\\\c"', 'a"b\\c'),
        ('filename="C:\\dir\\x"', 'C:\\dir\\x'),
        ('filename="ä€.txt"', 'ä€.txt'),
        ('filename="a%22b"', 'a%22b'),
        ('filename=plain.txt', 'plain.txt'),
        ('FileName = "x"', 'x'),
        ('filename=""', ''),
        ("filename*=UTF-8''%e2%82%ac%20a.txt", '€ a.txt'),
        ('filename="e"; filename*=utf-8\'en\'%C3%A4', 'ä'),
        ('filename*=iso-8859-1\'\'%e4; filename="e"', 'e'),
        ('filename="e"; filename*=UTF-8\'\'%ff', 'e'),
        ('filename="x"; other', 'x'),
        ('other; filename="x" ;', 'x'),
        ('filename="%s"' % ('y' * 600), 'y' * 600),
        ('filename="%s"' % ('\\"' * 300), '"' * 300),
        ('filename="%s"' % ('\\\\' * 300), '\\' * 300),
        ('filename="\\a\\\\\\"b\\\\"; x="\\\\"', '\\a\\"b\\'),
        ('filename=a\\\\b\\"c', 'a\\\\b\\"c'),
        ('filename="x"' + '; y=' * 14, 'x'),
    ):
        body = body_of(part('name="f";' + sent, b'1'))
        assert await names(body) == [('f', expected)], sent


async def test_spellings():
    expected = [('a', '2'), ('b', 'ä'), ('f', 'y'), ('none', '')]
    for content_type in (
        'Multipart/Form-Data;boundary=bound-ary',
        'multipart/form-data; charset=utf-8; Boundary="bound-ary"; x=y',
        'multipart/form-data ; boundary = bound-ary ; x="bound;ary"',
    ):
        assert await names(SEVERAL, **{'Content-Type': content_type}) == expected
    for head in (
        'content-disposition:Form-Data;NAME=a',
        'X: y\r\nCONTENT-DISPOSITION: form-data ; name = "a"',
        'Content-Disposition: form-data;\r\n name="a"',
    ):
        assert await names(body_of(head.encode() + b'\r\n\r\n1')) == [('a', '1')]
    assert await names(SEVERAL.replace(b'ary\r\n', b'ary \t\r\n')) == expected


def request_for(body):
    return Request('app', None, 'POST', '/', '1.1', NoCaseDict(TYPE), body)


async def upload_of(length):
    body = body_of(part('name="f"; filename="x"', LARGE[:length]))
    _, upload = await FormDataIter(request_for(body)).__anext__()
    return upload


async def test_copy():
    with Dir() as directory:
        for length in (0, 4, 5, 6, 256, 257, 1023, 1024, 1025, 1200):
            for limit in (None, 0, 5, 200, 1200):
                upload = await upload_of(length)
                assert await upload.copy(limit) is upload
                in_file = length >= (1024 if limit is None else limit)
                assert len(os.listdir(directory.path)) == in_file, (length, limit)
                assert await upload.copy() is upload
                assert await upload.read() == LARGE[:length]
                await upload.close()
                await upload.close()
                assert os.listdir(directory.path) == []


async def test_a_copy_that_cannot_be_closed():
    class Full:
        """A file whose last bytes find no room."""

        def __init__(self, file):
            self.file = file

        def close(self):
            self.file.close()
            raise OSError(28)

    with Dir() as directory:
        upload = await (await upload_of(1200)).copy(0)
        upload._file = Full(upload._file)
        await upload.close()
        assert os.listdir(directory.path) == []


async def test_copies_outlast_the_iterator():
    uploads = []
    with Dir():
        async for _, value in FormDataIter(request_for(SEVERAL)):
            if isinstance(value, FileUpload):
                uploads.append(await value.copy())
        for data in (b'first', LARGE, b''):
            upload = uploads.pop(0)
            assert await upload.read() == data
            await upload.close()


async def test_class_attribute_sets_the_limit():
    FileUpload.max_memory_size = 5
    try:
        with Dir() as directory:
            upload = await upload_of(5)
            await upload.copy()
            assert len(os.listdir(directory.path)) == 1
            await upload.close()
    finally:
        FileUpload.max_memory_size = 1024
