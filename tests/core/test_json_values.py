"""JSON (RFC 8259) out of values that it has no form for, and JSON that is malformed."""

import json

from microdot import Microdot
from microdot.jsontext import check_end, join_surrogates
from microdot.microdot import Response
from microdot.sse import format_event
from microdot.test_client import TestClient
from support import MICROPYTHON, raises
from wire import get, post, serve

NAN = float('nan')
INFINITY = float('inf')

# What a handler returns, and the JSON of it.
SENT = (
    ({'t': NAN}, b'{"t": null}'),
    ([NAN, INFINITY, -INFINITY, 1.5], b'[null, null, null, 1.5]'),
    ({'a': [{'b': (1, NAN)}]}, b'{"a": [{"b": [1, null]}]}'),
    ({'text': 'nan, inf'}, b'{"text": "nan, inf"}'),
    ({1: True}, b'{"1": true}'),
    ([], b'[]'),
)

# What is an error of the application's.
REFUSED = ({1}, object(), b'\xff\x01', bytearray(b'a'), range(3), int)

# What a client sends: JSON that ends early or is none.
MALFORMED = (
    b'',
    b'{',
    b'[1,',
    b'{"text": 1',
    b'{"a": [1, 2}',
    b'{"a": "}',
    b'{"a": {"b": 1}',
    b'[[1]',
    b'["]"',
    b'"a',
    b'nul',
    b'[1] 2',
    b'\xff',
    b'NaN',
    b'[Infinity]',
    b'{"a": -Infinity}',
)

# What MicroPython's parser takes, and CPython's refuses: in the list of differences.
LENIENT = (b'01', b'[1,,2]', b'{"a":1 "b":2}')


# Escapes (RFC 8259, 7) and the text that they stand for.
ESCAPED = (
    (rb'"\ud83d\ude00"', '\U0001f600'),
    (rb'"a\uD83D\uDE00b\uD834\uDD1E"', 'a\U0001f600b\U0001d11e'),
    (b'"\xc3\xa4\\ud83d\\ude00\xf0\x9f\x98\x80"', '\u00e4\U0001f600\U0001f600'),
    (rb'"\u00e4\u20ac\n\\"', '\u00e4\u20ac\n\\'),
    (rb'"\\ud83d\\ude00"', '\\ud83d\\ude00'),
    (rb'"\\\ud83d\ude00"', '\\\U0001f600'),
    (rb'"\ud83d\n\ude00"', '\ud83d\n\ude00'),
    (rb'"\ude00\ud83d\ude00"', '\ude00\U0001f600'),
    (rb'{"\ud83d\ude00": 1}', {'\U0001f600': 1}),
)


# JSON of which each beginning is to be refused, on a MicroPython that takes it for the whole, too.
WHOLE = (
    '{"a": {"b": 1}}',
    '[{"a": "]}"}, [[], "\\\\", "\\"}", "{["], "\u00e4\u20ac"]',
    ' [1, {}] ',
    '{"": [""]}',
)


def test_json_that_ends_early():
    for text in WHOLE:
        json.loads(text)
        check_end(text)
        for end in range(text.find(text.strip()[0]) + 1, len(text.rstrip())):
            part = text[:end]
            within = part.replace('\\\\', '').replace('\\"', '').count('"') % 2
            if not within:  # a string, which no version takes for whole
                raises(ValueError, check_end, part)
    for text in ('1', '"{"', 'null', '"\\\\"'):
        check_end(text)


async def test_values_that_are_sent():
    for value, text in SENT:
        app = Microdot()
        app.get('/')(lambda request: value)
        async with serve(app) as server:
            reply = await server.get('/')
        assert (reply.status, reply.body) == (200, text), (value, reply.body)
        assert Response(value).body == text
        if isinstance(value, dict):
            assert format_event(value) == b'data: ' + text + b'\n\n'


async def test_values_that_cannot_be_sent():
    for value in REFUSED:
        for result in ({'value': value}, [[value]]):
            app = Microdot()
            app.get('/')(lambda request: result)
            async with serve(app) as server:
                assert (await server.get('/')).status == 500, value
            raises(TypeError, Response, result)


async def test_malformed():
    app = Microdot()
    app.post('/')(lambda request: {'got': request.json})
    json = 'Content-Type: application/json'
    async with serve(app) as server:
        for body in MALFORMED + (() if MICROPYTHON else LENIENT):
            reply = await server.request(post('/', body, json))
            assert reply.status == 400, (body, reply.status, reply.body)
        reply = await server.request(get('/', json, method='POST'))
        assert reply.status == 400


async def test_escaped():
    app = Microdot()
    seen = []
    app.post('/')(lambda request: seen.append(request.json) or 'ok')
    client = TestClient(app)
    for body, value in ESCAPED:
        response = await client.post('/', {'Content-Type': 'application/json'}, body)
        assert response.status_code == 200, body
        assert seen.pop() == value, body
    for text in ('"\\ud83d', '"\\ud83d\\ude0x\\', '\\', '"\\ud83d\\n'):  # which end early
        assert join_surrogates(text) == text
