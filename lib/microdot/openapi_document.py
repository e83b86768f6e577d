"""Writes the document of an ``OpenAPI``: loaded when it is first asked for."""

import json

from .helpers import is_marked
from .http1 import reason_phrase
from .openapi import _described, _hidden
from .routing import URLPattern
from .urlencoded import quote

# What OpenAPI 3.1 has operations for: not for QUERY, which 3.2 has.
_METHODS = ('get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace')
_SHARED = '#/components/schemas/'
_PARTS = 40  # parts of the document that are sent at once, of about 10 characters
_ANY = ('[^/]+', '.+')  # patterns of segments that need not be told
_PROBLEM = {
    'type': 'object',
    'required': ['title', 'status', 'errors'],
    'properties': {
        'title': {'type': 'string'},
        'status': {'type': 'integer'},
        'errors': {
            'type': 'array',
            'items': {
                'type': 'object',
                'required': ['at', 'message'],
                'properties': {
                    'at': {'type': 'array', 'items': {'type': ['string', 'integer']}},
                    'message': {'type': 'string'},
                },
            },
        },
    },
}


def written(api, prefix):
    """Yield the document of an ``OpenAPI``, a few hundred characters at a time.

    :param api: the ``OpenAPI``.
    :param prefix: what its application is mounted at.
    """
    return _pieces(_document(api, prefix), api.schemas)


def _document(api, prefix):
    shared = {}
    yield 'openapi', '3.1.0'
    yield 'info', api.info
    if prefix and 'servers' not in api.members:
        yield 'servers', [{'url': prefix}]
    yield from api.members.items()
    yield 'paths', _paths(api, shared)
    components = dict(api.components)
    components['schemas'] = _named(api, components.get('schemas', {}), shared)
    yield 'components', components


def _named(api, given, shared):
    for schemas in (given, api.schemas, shared):
        for name in schemas:
            yield name, dict(schemas[name])  # a copy is written out


def _paths(api, shared):
    routes = api.app._routes
    # None for what is not in it.
    keys = [None if is_marked(r[2], _hidden) else _template(r[5])[0] for r in routes]
    used = []
    for i in range(len(routes)):
        if keys[i] is not None and keys.index(keys[i]) == i:
            _, path, arguments = _template(routes[i][5])
            same = [routes[j] for j in range(i, len(routes)) if keys[j] == keys[i]]
            yield path, _operations(path, arguments, same, used, shared)


def _operations(path, arguments, routes, used, shared):
    seen = []
    for methods, _, f, prefix, _, pattern in routes:
        for method in methods:
            method = method.lower()
            if method not in seen and method in _METHODS:
                seen.append(method)
                _, _, own = _template(pattern)
                for i in range(len(own)):
                    own[i]['name'] = arguments[i]['name']  # one path, one name
                operation = _operation(f, own, prefix, shared)
                name = operation.get('operationId', '')
                if name in used or not name or name[0] == '<' or name == 'wrapper':
                    name = method + _slug(path)
                used.append(name)
                operation['operationId'] = name
                yield method, operation


def _operation(f, parameters, prefix, shared):
    operation = {'operationId': getattr(f, '__name__', '')}
    responses = {}
    for note in _described:
        if is_marked(f, note[0]):
            operation = _given(note, responses, shared)
    if prefix.strip('/') and 'tags' not in operation:
        operation['tags'] = [prefix.strip('/')]
    given = operation.get('parameters', [])
    known = [parameter['name'] for parameter in given if parameter.get('in') == 'path']
    operation['parameters'] = [p for p in parameters if p['name'] not in known] + given
    if not [status for status in responses if status[:1] in '123']:
        responses['200'] = {'description': reason_phrase(200)}
    if 'default' not in responses:
        responses['default'] = {'description': 'An error'}
    operation['responses'] = responses
    return operation


def _given(note, responses, shared):
    """Return the operation that somebody has described, and add to the responses."""
    _, name, summary, description, query, body, answers, operation, schemas = note
    operation = dict(operation)
    operation.setdefault('operationId', name)
    if summary:
        operation['summary'] = summary
    if description:
        operation['description'] = description
    if query:
        operation['parameters'] = operation.get('parameters', []) + _parameters(query)
    if body is not None:
        operation['requestBody'] = {'required': True, 'content': _json(body)}
    for status in answers or ():
        responses[str(status)] = _response(status, answers[status])
    if (query or body is not None) and '422' not in responses:
        schemas = dict(schemas)
        schemas['ValidationProblem'] = _PROBLEM
        problem = _json({'$ref': _SHARED + 'ValidationProblem'}, 'application/problem+json')
        responses['422'] = {'description': reason_phrase(422), 'content': problem}
    for name in schemas:
        if shared.get(name, schemas[name]) != schemas[name]:
            raise ValueError('two schemas are called ' + name + ': rename one of them')
        shared[name] = schemas[name]
    return operation


def _json(schema, media_type='application/json'):
    return {media_type: {'schema': schema}}


def _parameters(schema):
    required = schema.get('required', ())
    return [
        {'name': name, 'in': 'query', 'required': name in required, 'schema': parameter}
        for name, parameter in schema.get('properties', {}).items()
    ]


def _response(status, answer):
    """Return the Response Object of an answer."""
    if isinstance(answer, dict) and 'content' in answer:
        return answer
    if isinstance(answer, str):
        return {'description': answer}
    text = 'No content' if status == 204 else str(status)
    if isinstance(status, int) and status != 204:
        text = reason_phrase(status)
    if isinstance(answer, tuple):
        text, answer = answer
    return {'description': text, 'content': _json(answer)}


def _template(pattern):
    """Return of a route's pattern what says which are alike, the OpenAPI path, its parameters."""
    key = path = ''
    parameters = []
    for text in pattern.lstrip('/').split('/'):
        if text[:1] == '<':
            kind, _, name = text[1:-1].rpartition(':')
            regex = kind[3:] if kind[:3] == 're:' else URLPattern.segment_patterns.get(kind)
            schema = {'type': 'string'}
            if kind == 'int':
                schema = {'type': 'integer'}
            elif regex and regex not in _ANY:
                schema['pattern'] = '^(?:' + regex + ')$'
            parameters.append({'name': name, 'in': 'path', 'required': True, 'schema': schema})
            key += '/{}'
            path += '/{' + name + '}'
        else:
            text = '/' + quote(text, "-._~!$&'()*+,;=:@")
            key += text
            path += text
    return key, path, parameters


def _slug(path):
    return ''.join([c if c.isalpha() or c.isdigit() else '_' for c in path.replace('{', '')])


def _pieces(value, named):
    """Yield the JSON of a value, in which a generator is an object, given by its pairs.

    Without recursion, and without a list of all parts: a board has little room for either.

    :param named: the schemas that are referred to, by their names.
    """
    stack = []  # lists: iterator, what ends it, what is between two items
    parts = []
    more = True
    while more:
        items, end = _opened(value, named)
        if end:
            parts.append('{' if end == '}' else '[')
            stack.append([iter(items), end, ''])
        else:
            parts.append(json.dumps(items))
        more = False
        while stack and not more:
            iterator, end, comma = stack[-1]
            for value in iterator:
                more = True
                stack[-1][2] = ','
                parts.append(comma)
                if end == '}':
                    name, value = value
                    parts.append(json.dumps(name) + ':')
                break
            else:
                parts.append(end)
                stack.pop()
        if len(parts) > _PARTS:
            yield ''.join(parts)
            parts = []
    yield ''.join(parts)


def _opened(value, named):
    """Return (items, end) of an object or an array, (value, '') of anything else."""
    if isinstance(value, dict):
        for name in named:
            if named[name] is value:
                value = {'$ref': _SHARED + name}
        return value.items(), '}'
    if isinstance(value, (list, tuple)):
        return value, ']'
    return value, '}' if hasattr(value, 'send') else ''
