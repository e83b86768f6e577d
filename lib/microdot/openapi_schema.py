"""JSON Schema (2020-12), as much of it as ``microdot.openapi`` checks requests by.

``type``, also a list of types, and ``enum``; of numbers ``minimum``, ``maximum`` and the
``exclusive`` ones; of strings ``minLength``, ``maxLength`` and ``pattern``; of arrays ``items``,
``minItems`` and ``maxItems``; of objects ``properties``, ``required`` and
``additionalProperties``. What only tells, such as ``description`` and ``format``, is not checked.
``verify`` refuses any other keyword: nothing seems to be checked that is not.
"""

import json
import re

from .compat_rare import search

_KEYWORDS = (
    ' type enum minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength pattern items'
    ' minItems maxItems properties required additionalProperties title description default example'
    ' examples format deprecated readOnly writeOnly $comment '
)
_TYPES = ' object array string integer number boolean null '
_DEEPEST = 12  # levels of objects and arrays: a board has little stack
_LONGEST = 256  # characters that a pattern may see, as in URLs
_MOST = 8  # errors that are told of a request
_NAME = 64  # characters that are told of a name that is not known


def verify(schema, only_told=False, depth=0):
    """Raise ``ValueError`` for a schema that ``check`` would not check all of.

    :param only_told: whether it is enough that its nesting has an end.
    :param depth: how many levels it is in.
    """
    if depth > _DEEPEST:
        raise ValueError('a schema has more than 12 levels, or itself in it')
    if not only_told:
        _verify_keywords(schema)
    for name in ('items', 'additionalProperties'):
        if isinstance(schema.get(name), dict):
            verify(schema[name], only_told, depth + 1)
    for part in schema.get('properties', {}).values():
        verify(part, only_told, depth + 1)


def _verify_keywords(schema):
    for name in schema:
        if ' ' + name + ' ' not in _KEYWORDS:
            raise ValueError('a schema has ' + name + ', which is not checked: leave it out')
    for kind in _kinds(schema):
        if ' ' + kind + ' ' not in _TYPES:
            raise ValueError('a schema has the type ' + kind + ', which JSON has not')
    if 'pattern' in schema:
        if schema.get('maxLength', _LONGEST + 1) > _LONGEST:
            raise ValueError('a pattern needs a maxLength of 256 at most: long texts cost stack')
        re.compile(schema['pattern'])
    if isinstance(schema.get('default'), (dict, list)):
        raise ValueError('a default is to be no list or dictionary: all requests would share it')


def _kinds(schema):
    kinds = schema.get('type', ())
    return (kinds,) if isinstance(kinds, str) else kinds


def check(schema, value, at, errors):
    """Return a value as its schema has it: with defaults, and whole numbers as int.

    :param schema: what ``verify`` has accepted.
    :param value: the value; lists and dictionaries are changed in place.
    :param at: where it is, the list of the names and indexes that lead there.
    :param errors: the list that what is wrong is added to.
    """
    kinds = _kinds(schema)
    if kinds and not [kind for kind in kinds if _is_a(value, kind)]:
        _say(errors, at, 'must be of the type ' + ' or '.join(kinds))
        return value
    if isinstance(value, float) and 'integer' in kinds and _is_a(value, 'integer'):
        value = int(value)
    if 'enum' in schema and not [known for known in schema['enum'] if _is_same(known, value)]:
        _say(errors, at, 'must be one of ' + json.dumps(schema['enum'])[1:-1])
    elif isinstance(value, str):
        _check_text(schema, value, at, errors)
    elif isinstance(value, dict):
        _check_members(schema, value, at, errors)
    elif isinstance(value, list):
        _within(schema, len(value), 'minItems', 'maxItems', ' items', at, errors)
        for i in range(len(value) if 'items' in schema else 0):
            value[i] = check(schema['items'], value[i], at + [i], errors)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_number(schema, value, at, errors)
    return value


def _check_text(schema, value, at, errors):
    if b'\xed' in value.encode(
        'utf-8', 'surrogatepass'
    ):  # the first byte of all of them, and others
        for c in value:
            if 0xD800 <= ord(c) < 0xE000:
                return _say(errors, at, 'must be Unicode text')
    fits = _within(schema, len(value), 'minLength', 'maxLength', ' characters', at, errors)
    if fits and 'pattern' in schema and not search(schema['pattern'], value):
        _say(errors, at, 'must match ' + schema['pattern'])


def _check_number(schema, value, at, errors):
    _within(schema, value, 'minimum', 'maximum', '', at, errors)
    if 'exclusiveMinimum' in schema and value <= schema['exclusiveMinimum']:
        _say(errors, at, 'must be more than %s' % schema['exclusiveMinimum'])
    if 'exclusiveMaximum' in schema and value >= schema['exclusiveMaximum']:
        _say(errors, at, 'must be less than %s' % schema['exclusiveMaximum'])


def _check_members(schema, value, at, errors):
    properties = schema.get('properties', {})
    for name in schema.get('required', ()):
        if name not in value:
            _say(errors, at + [name], 'is missing')
    for name in properties:
        if name in value:
            value[name] = check(properties[name], value[name], at + [name], errors)
        elif 'default' in properties[name]:
            value[name] = properties[name]['default']
    others = schema.get('additionalProperties', True)
    if others is not True:
        for name in value:
            if name not in properties:
                if others:
                    value[name] = check(others, value[name], at + [name], errors)
                else:
                    _say(errors, at + [name[:_NAME]], 'is not known')


def _is_a(value, kind):
    if isinstance(value, bool) or kind == 'boolean':
        return isinstance(value, bool) and kind == 'boolean'
    if isinstance(value, float):
        whole = value - value == 0  # neither NaN nor infinite, which JSON has not
        return whole and (kind == 'number' or (kind == 'integer' and value == int(value)))
    if isinstance(value, int):
        return kind in ('integer', 'number')
    if isinstance(value, str):
        return kind == 'string'
    if value is None:
        return kind == 'null'
    return kind == ('array' if isinstance(value, list) else 'object')


def _is_same(known, value):
    return known == value and isinstance(known, bool) == isinstance(value, bool)


def _within(schema, size, least, most, unit, at, errors):
    """Tell whether a size is within two bounds; if it is not, add that to the errors."""
    if size < schema.get(least, size):
        _say(errors, at, 'must be at least %s%s' % (schema[least], unit))
    elif size > schema.get(most, size):
        _say(errors, at, 'must be at most %s%s' % (schema[most], unit))
    else:
        return True
    return False


def _say(errors, at, message):
    if len(errors) < _MOST:
        errors.append({'at': at, 'message': message})


def from_text(schema, texts):
    """Return what some texts of a query string are in the type of a schema.

    :param schema: the parameter's.
    :param texts: the values that it was given, in their order.

    Of an array that is a list of all, else the first. What is no such text is left as it is: the
    check will tell.
    """
    kinds = [part.get('type') for part in schema.get('anyOf', ())] + list(_kinds(schema))
    if 'array' in kinds:
        items = schema.get('items', {})
        return [from_text(items, (text,)) for text in texts]
    text = texts[0]
    if 'boolean' in kinds and text in ('true', 'false'):
        return text == 'true'
    # The characters first: int() and float() take more than JSON does.
    if ('integer' in kinds or 'number' in kinds) and not text.strip('-0123456789.eE+'):
        try:
            if text[0] != '+':
                return float(text) if 'number' in kinds else int(text)
        except (ValueError, IndexError):
            pass
    return text
