"""Handlers for exception classes, and error handlers that fail themselves."""

from microdot import Microdot, Request, Response, abort
from microdot.microdot import HTTPException
from microdot.test_client import TestClient

INTERNAL = (500, 'Internal server error')


class Base(Exception):
    pass


class Middle(Base):
    pass


class Leaf(Middle):
    pass


def raising(error):
    app = Microdot()

    @app.get('/')
    async def index(request):
        raise error

    return app


async def get(app, path='/'):
    res = await TestClient(app).get(path)
    return res.status_code, res.text


async def test_exact_class():
    error = ZeroDivisionError('zero')
    app = raising(error)
    seen = []

    @app.errorhandler(ZeroDivisionError)
    async def handler(request, exception):
        seen.append((request.path, exception is error))
        return 'handled', 501

    assert await get(app) == (501, 'handled')
    assert seen == [('/', True)]


async def test_class_lookup():
    # raised, classes with a handler in order of registration, class that answers
    for raised, registered, answers in (
        (Leaf, (Leaf,), Leaf),
        (Leaf, (Base,), Base),
        (Leaf, (Base, Leaf), Leaf),
        (Leaf, (Leaf, Base), Leaf),
        (Leaf, (Exception, Base, Middle), Middle),
        (Leaf, (Middle, Base, Exception), Middle),
        (Leaf, (Exception,), Exception),
        (Middle, (Leaf, Base), Base),
        (Base, (Leaf, Middle), None),
        (ZeroDivisionError, (ArithmeticError,), ArithmeticError),
        (ZeroDivisionError, (Exception, ArithmeticError), ArithmeticError),
        (KeyError, (ValueError, LookupError), LookupError),
        (KeyError, (ValueError,), None),
    ):
        error = raised('x')
        app = raising(error)
        seen = []
        for cls in registered:

            def make(cls):
                async def handler(request, exception):
                    seen.append((cls, exception is error))
                    return 'handled', 501

                return handler

            app.errorhandler(cls)(make(cls))
        expected = INTERNAL if answers is None else (501, 'handled')
        assert await get(app) == expected, (raised, registered)
        assert seen == ([] if answers is None else [(answers, True)]), (raised, registered)


# result of an exception handler (made anew), status, text
RESULTS = (
    (lambda: 'text', 200, 'text'),
    (lambda: ('text', 404), 404, 'text'),
    (lambda: ('text', 404, {'X-Foo': 'bar'}), 404, 'text'),
    (lambda: ('text', 404, {'X-Foo': 'bar'}, 'Gone away'), 404, 'text'),
    (lambda: Response('made', 410), 410, 'made'),
    (lambda: {'a': 1}, 200, '{"a": 1}'),
    (lambda: 410, 410, ''),
    (lambda: (410,), 410, ''),
    (lambda: ('text', {'X-Foo': 'bar'}), 200, 'text'),
    (lambda: ('text',), 200, 'text'),
    (lambda: None, 500, 'Internal server error'),
    (lambda: (), 500, 'Internal server error'),
    (lambda: True, 500, 'Internal server error'),
)


async def test_results():
    for make, status, text in RESULTS:
        app = raising(Leaf('x'))

        @app.errorhandler(Base)
        async def handler(request, exception):
            return make()

        found = await get(app)
        assert (found[0], found[1] or '') == (status, text), (status, text, found)


async def test_none_uses_the_500_handler():
    app = raising(Leaf('x'))

    @app.errorhandler(Leaf)
    async def handler(request, exception):
        return None

    @app.errorhandler(500)
    async def internal(request):
        return 'five hundred', 500

    assert await get(app) == (500, 'five hundred')


async def test_failing_class_handler():
    app = raising(Leaf('x'))

    @app.errorhandler(Leaf)
    async def handler(request, exception):
        raise ValueError('handler')

    assert await get(app) == INTERNAL

    @app.errorhandler(500)
    async def internal(request):
        return 'five hundred', 500

    assert await get(app) == (500, 'five hundred')


async def test_failing_code_handlers():
    for code, path in ((404, '/none'), (405, '/post'), (406, '/abort'), (500, '/crash')):
        for final in (False, True):
            if final and code not in (404, 405):
                continue
            app = Microdot()

            async def fail(request):
                raise Leaf('handler')

            async def aborts(request):
                abort(406)

            async def crash(request):
                return 1 // 0

            async def internal(request):
                return 'five hundred', 500

            app.errorhandler(code)(fail)
            app.post('/post')(crash)
            app.get('/abort')(aborts)
            app.get('/crash')(crash)
            if final:
                app.errorhandler(500)(internal)
            expected = (500, 'five hundred') if final else INTERNAL
            found = await get(app, path)
            assert found == expected, (code, final, found)


async def test_failing_handlers_before_routing():
    app = Microdot()

    @app.errorhandler(400)
    async def bad(request):
        raise Leaf('handler')

    @app.errorhandler(413)
    async def large(request):
        raise Leaf('handler')

    res = await app.dispatch_request(None)
    assert (res.status_code, res.body) == (500, b'Internal server error')
    saved = Request.max_content_length
    Request.max_content_length = 10
    try:
        res = await TestClient(app).post('/', body=b'x' * 11)
    finally:
        Request.max_content_length = saved
    assert (res.status_code, res.text) == INTERNAL


async def test_failing_after_error_handler():
    # The failure is printed; the answer is the error that was on its way, or a 500.
    for path, before in (('/', 500), ('/none', 404)):
        app = raising(Leaf('x'))
        seen = []

        @app.after_error_request
        async def fail(request, response):
            seen.append(response.status_code)
            raise Leaf('after error')

        status, text = await get(app, path)
        assert status in (500, before), (path, status)
        assert text in ('Internal server error', 'Not found'), (path, text)
        assert seen[0] == before and len(seen) <= 2, seen


async def test_aborting_error_handler():
    app = raising(Leaf('x'))

    @app.errorhandler(Leaf)
    async def handler(request, exception):
        abort(409, 'conflict')

    status, text = await get(app)
    assert status in (409, 500), status


async def test_status_of_our_exceptions():
    class Teapot(HTTPException):
        pass

    app = raising(Teapot(418, 'short and stout'))
    assert await get(app) == (418, 'short and stout')


async def test_errors_in_sync_handlers():
    app = Microdot()

    @app.get('/')
    def index(request):
        raise Leaf('sync')

    @app.errorhandler(Middle)
    def handler(request, exception):
        return type(exception).__name__, 501

    assert await get(app) == (501, 'Leaf')


async def test_memory_error():
    assert (await get(raising(MemoryError())))[0] == 503


async def test_cancellation_is_not_caught():
    from asyncio import CancelledError

    app = raising(CancelledError())
    seen = []

    @app.errorhandler(Exception)
    async def handler(request, exception):
        seen.append(exception)
        return 'caught'

    try:
        await get(app)
    except CancelledError:
        seen.append('passed')
    assert seen == ['passed']


async def test_error_handlers_may_give_a_reason():
    app = raising(Leaf('x'))
    app.errorhandler(404)(lambda request: ('gone', 404, {}, 'Gone away'))
    app.errorhandler(Leaf)(lambda request, exception: ('leaf', 500, {}, 'Fallen'))
    client = TestClient(app)
    for path, status, reason in (('/', 500, 'Fallen'), ('/unknown', 404, 'Gone away')):
        res = await client.get(path)
        assert (res.status_code, res.reason) == (status, reason)


async def test_error_response_can_be_overridden():
    class Polite(Microdot):
        async def error_response(self, req, status_code, reason=None):
            return 'sorry, ' + reason, status_code

    client = TestClient(Polite())
    res = await client.get('/')
    assert (res.status_code, res.text) == (404, 'sorry, Not found')
