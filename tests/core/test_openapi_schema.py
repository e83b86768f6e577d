"""`microdot.openapi_schema`: what each keyword accepts, and what is said of the rest."""

import json

from microdot.compat import loads
from microdot.openapi_schema import check, from_text, verify

INTEGER = {'type': 'integer'}
STRING = {'type': 'string'}
POINT = {
    'type': 'object',
    'required': ['x'],
    'additionalProperties': False,
    'properties': {'x': INTEGER, 'y': {'type': 'integer', 'default': 7}},
}

# Schema, JSON, what is made of it.
ACCEPTED = (
    ({}, '{"a": [1, null]}', {'a': [1, None]}),
    ({'type': 'object'}, '{}', {}),
    ({'type': 'null'}, 'null', None),
    ({'type': 'boolean'}, 'false', False),
    (INTEGER, '-3', -3),
    (INTEGER, '3.0', 3),
    (INTEGER, '100000000000000000000', 100000000000000000000),
    ({'type': 'number'}, '3', 3),
    ({'type': 'number', 'exclusiveMinimum': 3, 'exclusiveMaximum': 4}, '3.5', 3.5),
    ({'type': 'number', 'minimum': 3, 'maximum': 3}, '3', 3),
    ({'type': ['string', 'null'], 'maxLength': 1}, 'null', None),
    ({'type': ['string', 'integer']}, '"a"', 'a'),
    ({'enum': [1, 'a', None, False]}, 'false', False),
    ({'enum': [1, 'a']}, '1', 1),
    ({'type': 'string', 'minLength': 2, 'maxLength': 2}, '"\u00e4\u20ac"', '\u00e4\u20ac'),
    ({'type': 'string', 'pattern': '^[a-z]+$', 'maxLength': 9}, '"abc"', 'abc'),
    ({'type': 'string', 'pattern': 'b', 'maxLength': 9}, '"abc"', 'abc'),
    ({'pattern': '^[$]\\$$', 'maxLength': 9}, '"$$"', '$$'),
    ({'pattern': '^a\n$', 'maxLength': 9}, '"a\\n"', 'a\n'),
    ({'type': 'string', 'maxLength': 3}, '"a\\ud83d\\ude00b"', 'a\U0001f600b'),
    (STRING, '"\ud7a3"', '\ud7a3'),
    ({'type': 'array', 'items': INTEGER, 'minItems': 1, 'maxItems': 2}, '[1, 2.0]', [1, 2]),
    ({'type': 'array'}, '["a", 1]', ['a', 1]),
    (POINT, '{"x": 1.0}', {'x': 1, 'y': 7}),
    (
        {'additionalProperties': INTEGER, 'properties': {'a': STRING}},
        '{"a": "b", "c": 1.0}',
        {'a': 'b', 'c': 1},
    ),
    ({'type': 'string', 'format': 'date', 'description': 'told alone'}, '"x"', 'x'),
)

# Schema, JSON, where and why not.
REFUSED = (
    (INTEGER, 'true', '', 'must be of the type integer'),
    (INTEGER, '"1"', '', 'must be of the type integer'),
    (INTEGER, '1.5', '', 'must be of the type integer'),
    ({'type': 'number'}, 'false', '', 'must be of the type number'),
    ({'type': 'boolean'}, '1', '', 'must be of the type boolean'),
    ({'type': 'object'}, '[]', '', 'must be of the type object'),
    ({'type': 'array'}, '{}', '', 'must be of the type array'),
    (STRING, 'null', '', 'must be of the type string'),
    ({'type': ['string', 'null']}, '1', '', 'must be of the type string or null'),
    ({'enum': [1, 'a']}, 'true', '', 'must be one of 1, "a"'),
    ({'enum': [0]}, 'false', '', 'must be one of 0'),
    ({'minimum': 3}, '2', '', 'must be at least 3'),
    ({'maximum': 3}, '3.5', '', 'must be at most 3'),
    ({'exclusiveMinimum': 3}, '3', '', 'must be more than 3'),
    ({'exclusiveMaximum': 3}, '3', '', 'must be less than 3'),
    ({'minLength': 2}, '"\u20ac"', '', 'must be at least 2 characters'),
    ({'maxLength': 2}, '"abc"', '', 'must be at most 2 characters'),
    ({'pattern': '^a$', 'maxLength': 3}, '"b"', '', 'must match ^a$'),
    ({'pattern': '^a$', 'maxLength': 3}, '"a\\n"', '', 'must match ^a$'),
    ({'pattern': '^a$', 'maxLength': 3}, '"bbbb"', '', 'must be at most 3 characters'),
    (STRING, '"\\ud83d"', '', 'must be Unicode text'),
    (STRING, '"\\ud83d\\ud83d\\ude00"', '', 'must be Unicode text'),
    (STRING, '"\\ude00\\ud83d"', '', 'must be Unicode text'),
    (STRING, '"\\ud83da"', '', 'must be Unicode text'),
    ({'minItems': 1}, '[]', '', 'must be at least 1 items'),
    ({'maxItems': 1}, '[1, 2]', '', 'must be at most 1 items'),
    ({'items': STRING}, '["a", 1]', '1', 'must be of the type string'),
    (POINT, '{"y": 1}', 'x', 'is missing'),
    (POINT, '{"x": 1, "z": 1}', 'z', 'is not known'),
    ({'properties': {'p': POINT}}, '{"p": {"x": "1"}}', 'p/x', 'must be of the type integer'),
    ({'additionalProperties': INTEGER}, '{"a": "b"}', 'a', 'must be of the type integer'),
)

# Schema, texts of the query, what is made of them.
TEXTS = (
    (INTEGER, ['-5'], -5),
    (INTEGER, ['5', '6'], 5),
    ({'type': 'number'}, ['1.5e+3'], 1500.0),
    ({'type': 'boolean'}, ['true'], True),
    ({'type': 'boolean'}, ['false'], False),
    (STRING, ['5'], '5'),
    ({}, ['5'], '5'),
    ({'type': 'array', 'items': INTEGER}, ['5', '6'], [5, 6]),
    ({'type': 'array'}, ['5'], ['5']),
    ({'anyOf': [{'type': 'integer'}, {'type': 'null'}]}, ['5'], 5),
    # What is none stays text, for the check to refuse.
    (INTEGER, [''], ''),
    (INTEGER, ['+5'], '+5'),
    (INTEGER, [' 5'], ' 5'),
    (INTEGER, ['1_0'], '1_0'),
    (INTEGER, ['1.0'], '1.0'),
    (INTEGER, ['\u0661'], '\u0661'),
    ({'type': 'number'}, ['nan'], 'nan'),
    ({'type': 'number'}, ['1e'], '1e'),
    ({'type': 'boolean'}, ['True'], 'True'),
)


def checked(schema, text):
    verify(schema)
    errors = []
    return check(schema, loads(text), [], errors), errors


def test_accepted():
    for schema, text, value in ACCEPTED:
        found, errors = checked(schema, text)
        assert not errors, (schema, text, errors)
        assert found == value and isinstance(found, type(value)), (schema, text, found)


def test_whole_numbers_are_int():
    for schema, text in ((INTEGER, '3.0'), ({'type': ['null', 'integer']}, '3.0')):
        assert isinstance(checked(schema, text)[0], int)
    assert isinstance(checked(POINT, '{"x": 1.0}')[0]['x'], int)


def test_refused():
    for schema, text, at, message in REFUSED:
        errors = checked(schema, text)[1]
        assert len(errors) == 1, (schema, text, errors)
        assert '/'.join([str(part) for part in errors[0]['at']]) == at, (schema, text, errors)
        assert errors[0]['message'] == message, (schema, text, errors)


def test_numbers_that_json_has_not():
    for value in (float('nan'), float('inf'), -float('inf')):
        for kind in ('number', 'integer'):
            errors = []
            check({'type': kind}, value, [], errors)
            assert errors, (kind, value)


def test_not_all_errors_are_told():
    errors = checked({'items': STRING}, json.dumps(list(range(100))))[1]
    assert len(errors) == 8
    errors = checked(POINT, json.dumps({'x': 1, 'z' * 500: 1}))[1]
    assert errors[0]['at'] == ['z' * 64]


def test_texts():
    for schema, texts, value in TEXTS:
        found = from_text(schema, texts)
        assert found == value and isinstance(found, type(value)), (schema, texts, found)
