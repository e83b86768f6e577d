"""Forms as no one should send them: answered with 400, or 413 beyond a limit, and never a loop."""

from microdot import Microdot
from microdot.microdot import HTTPException
from microdot.multipart import FormDataIter, with_form_data
from microdot.test_client import TestClient
from support import araises
from test_multipart import BOUNDARY, body_of, parsed, part, request_for

FORM = body_of(part('name="f"; filename="x"', b'some data'), part('name="a"', b'1'))
TYPE = 'multipart/form-data; boundary='


async def fails(status, body, *args, **kwargs):
    exc = await araises(HTTPException, parsed(body, *args, **kwargs))
    assert exc.status_code == status, (exc, body[:80])


async def test_truncated_anywhere():
    for end in range(len(FORM) - 2):
        await fails(400, FORM[:end])
        await fails(400, FORM[:end], 7)
    assert len(await parsed(FORM[: len(FORM) - 2])) == 2


async def test_other_boundary():
    await fails(400, FORM, content_type=TYPE + 'other')
    await fails(400, FORM, content_type=TYPE + BOUNDARY[:-1])
    await fails(400, FORM, content_type=TYPE + BOUNDARY + 'x')


async def test_no_boundary():
    for content_type in (TYPE, TYPE + '""', 'multipart/form-data', TYPE + '"bound-ary'):
        await fails(400, FORM, content_type=content_type)


async def test_other_content_types_have_no_items():
    for content_type in (None, '', 'application/json', 'multipart/mixed; boundary=bound-ary'):
        assert await parsed(FORM, content_type=content_type) == []


async def test_a_body_that_was_read_before():
    request = request_for(FORM)
    async for _ in FormDataIter(request):
        pass
    exc = await araises(HTTPException, FormDataIter(request).__anext__())
    assert exc.status_code == 400


async def test_no_read_beyond_the_content_length():
    class Waiting:
        """A connection that stays open: a read beyond the body would wait for ever."""

        data = FORM[:-4]

        async def read(self, n):
            assert 0 < n <= len(self.data)
            data = self.data[:n]
            self.data = self.data[n:]
            return data

    request = request_for(Waiting())
    request.content_length = len(Waiting.data)
    form = FormDataIter(request)
    for _ in range(2):
        await form.__anext__()
    assert (await araises(HTTPException, form.__anext__())).status_code == 400


async def test_malformed_headers():
    good = b'Content-Disposition: form-data; name="a"'
    for head in (
        b'',
        b'Content-Type: text/plain',
        b'Content-Disposition: form-data',
        b'Content-Disposition: form-data; filename="x"',
        b'Content-Disposition: attachment; name="a"',
        b'Content-Disposition: form-data; name="a',
        b'Content-Disposition: form-data; name="a\\"',
        b'Content-Disposition: form-data; name="\xff"',
        b"Content-Disposition: form-data; name=a; filename*=utf-7''x",
        b"Content-Disposition: form-data; name=a; filename*=utf-8''%ff",
        b'Content-Disposition: form-data; name=a; filename*=x',
        b"Content-Disposition: form-data; name=a; filename*=UTF-8''a%00b",
        b"Content-Disposition: form-data; name=a; filename=x; filename*=utf-8''%00",
        b"Content-Disposition: form-data; name=a; filename*=utf-8'en'a%0d%0ab",
        b"Content-Disposition: form-data; name=a; filename*=utf-8''a%0A",
        b'Content-Disposition: form-data; name=a; filename="x\0.txt"',
        b'Content-Disposition: form-data; name="a\0"',
        b'Content-Disposition: form-data; name="a"\nX: y',
        good + b'; x=' * 16,
        good + b'\r\nno colon',
        b' ' + good,
        good.replace(b':', b'\xc2\x85:'),
        good.replace(b':', b': \xe2\x80\xa8'),
    ):
        await fails(400, body_of(head + b'\r\n\r\n1'))


async def test_malformed_boundary_lines():
    for line in (b'x', b'-', b'-\r\n', b'\n', b'x\r\n', b' x\r\n', b'\rX\r\n'):
        body = FORM.replace(b'--bound-ary\r\n', b'--bound-ary' + line)
        await fails(400, body)
        await fails(400, body, 1)


async def test_text_that_is_not_utf8():
    await fails(400, body_of(part('name="a"', b'\xff')))


async def limited(name, value, status, body):
    """Assert the status of a form with this limit, 200 standing for none."""
    saved = getattr(FormDataIter, name)
    setattr(FormDataIter, name, value)
    try:
        for size in (10000, 7):  # that come at once: the verdict is the same
            if status == 200:
                await parsed(body, size)
            else:
                await fails(status, body, size)
    finally:
        setattr(FormDataIter, name, saved)


async def test_limits():
    field = part('name="a"', b'x' * 300)
    upload = part('name="f"; filename="x"', b'y' * 900)
    for name, value, body in (
        ('max_parts', 3, body_of(field, upload, field)),
        ('max_files', 2, body_of(upload, field, upload)),
        ('max_field_size', 300, body_of(field, upload, field)),
        ('max_fields_size', 600, body_of(field, upload, field)),
        ('max_header_size', len(field.split(b'\r\n\r\n')[0]) + 2, body_of(field)),
    ):
        await limited(name, value, 200, body)
        await limited(name, value - 1, 413, body)


async def test_ten_thousand_parts():
    class Endless:
        """As many parts as anybody wants to read."""

        at = 0
        text = b'--bound-ary\r\n' + part('name="a"', b'') + b'\r\n'

        async def read(self, n):
            assert self.at < 10000
            self.at += 1
            return self.text if n >= len(self.text) else self.text[:n]

    request = request_for(Endless())
    form = FormDataIter(request)
    for _ in range(FormDataIter.max_parts):
        assert await form.__anext__() == ('a', '')
    assert (await araises(HTTPException, form.__anext__())).status_code == 413


async def test_endless_header():
    class Endless:
        at = 0

        async def read(self, n):
            self.at += n
            assert self.at < 10000
            return b'--bound-ary\r\nX: ' if self.at == n else b'x' * n

    exc = await araises(HTTPException, FormDataIter(request_for(Endless())).__anext__())
    assert exc.status_code == 413


async def test_answers():
    # Such a form is the client's mistake, not an exception for the application to handle.
    app = Microdot()

    @app.post('/')
    @with_form_data
    async def route(request):
        return 'fine'

    @app.errorhandler(Exception)
    async def unexpected(request, exc):
        return 'unexpected', 500

    client = TestClient(app)
    headers = {'Content-Type': TYPE + BOUNDARY}
    saved, FormDataIter.max_parts = FormDataIter.max_parts, 2
    try:
        for body, status, text in (
            (FORM, 200, 'fine'),
            (FORM[:-9], 400, '400 error'),
            (FORM.replace(b'form-data', b'file'), 400, '400 error'),
            (body_of(part('name="a"', b'\xff')), 400, '400 error'),
            (body_of(*[part('name="a"', b'')] * 3), 413, 'Payload too large'),
        ):
            response = await client.post('/', headers=headers, body=body)
            assert (response.status_code, response.text) == (status, text), body[:80]
    finally:
        FormDataIter.max_parts = saved
