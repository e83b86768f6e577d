"""What ``microdot.openapi`` does on CPython alone: types as schemas, Swagger UI, the command.

Schemas of types, and objects made of JSON, are the work of msgspec, or of pydantic where msgspec
does not know the type; either has to be installed for that.
"""

import importlib
import json
import os
import re
import sys

from .openapi import OpenAPI, hide

_REFERENCE = '#/components/schemas/'
_NEITHER = 'a schema that is a type needs msgspec or pydantic: pip install msgspec'


def typed(given, shared, resolved):
    """Return (schema, function that checks, function that makes JSON of results) of a type.

    :param given: the type.
    :param shared: the dictionary that gets the schemas that others refer to, by their names.
    :param resolved: whether the schema itself is wanted, not a reference to it.

    Raises ``TypeError`` if neither package is installed, or neither knows the type.
    """
    failure = TypeError(_NEITHER)
    for library in (_msgspec, _pydantic):
        try:
            schema, schemas, load, dump = library(given)
            break
        except ImportError:
            pass
        except Exception as exc:  # each has its own for types that it does not know
            failure = TypeError('no schema of %r: %s' % (given, exc))
    else:
        raise failure
    if resolved and '$ref' in schema:
        schema = schemas.pop(schema['$ref'][len(_REFERENCE) :])
    for name in schemas:
        if shared.setdefault(name, schemas[name]) != schemas[name]:
            raise ValueError('two types are called %s: rename one of them' % name)
    return schema, load, lambda result: _plain(result, dump)


def _plain(result, dump):
    """Return what a route returns, with the body made of an object."""
    if isinstance(result, tuple):
        return (_plain(result[0], dump),) + result[1:]
    kind = type(result)
    fields = '__struct_fields__', '__dataclass_fields__', 'model_fields'
    if kind in (dict, list) or any(hasattr(kind, name) for name in fields):
        return dump(result)
    return result


def _msgspec(given):
    import msgspec

    template = _REFERENCE + '{name}'
    (schema,), schemas = msgspec.json.schema_components([given], ref_template=template)

    def load(schema, value, at, errors):
        try:
            # What comes of a query string is text.
            return msgspec.convert(value, given, strict=at[0] == 'body', str_keys=True)
        except msgspec.ValidationError as exc:
            message, _, path = str(exc).partition(' - at `')
            for part in path.rstrip('`')[1:].replace('[', '.').replace(']', '').split('.')[1:]:
                at = at + [int(part) if part.isdigit() else part]
            errors.append({'at': at, 'message': message})
            return None

    return schema, schemas, load, msgspec.to_builtins


def _pydantic(given):
    import pydantic
    from pydantic_core import to_jsonable_python

    adapter = pydantic.TypeAdapter(given)
    schema = adapter.json_schema(ref_template=_REFERENCE + '{model}')
    schemas = schema.pop('$defs', {})
    if isinstance(given, type) and 'properties' in schema:
        name = re.sub('[^a-zA-Z0-9._-]', '_', given.__name__)  # of a generic one: Page[Lamp]
        schemas[name] = schema
        schema = {'$ref': _REFERENCE + name}

    def load(schema, value, at, errors):
        try:
            if at[0] == 'query':
                return adapter.validate_python(value)
            return adapter.validate_json(json.dumps(value), strict=True)  # as the schema has it
        except pydantic.ValidationError as exc:
            for error in exc.errors():
                errors.append({'at': at + list(error['loc']), 'message': error['msg']})
            return None

    return schema, schemas, load, to_jsonable_python


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="%s/swagger-ui.css">
</head>
<body>
<div id="ui" data-document="%s"></div>
<script src="%s/swagger-ui-bundle.js"></script>
<script src="%s/start.js"></script>
</body>
</html>
"""
_START = """\
const ui = document.getElementById('ui');
SwaggerUIBundle({ url: ui.dataset.document, domNode: ui, validatorUrl: null });
"""


def swagger_ui(api, folder, page='/swagger'):
    """Serve Swagger UI, from this machine alone, for the document of an ``OpenAPI``.

    :param api: the ``OpenAPI``, with a ``path``.
    :param folder: the folder of the npm package ``swagger-ui-dist``, which has its license; the
        PyPI package ``swagger-ui-bundle`` has one as ``swagger_ui_bundle.swagger_ui_path``.
    :param page: the path of the page; its files are below it.

    Raises ``ValueError`` if the folder is another, or there is no document.
    """
    if not api.path:
        raise ValueError('Swagger UI reads the document: OpenAPI(path=...)')
    if not os.path.exists(os.path.join(folder, 'swagger-ui-bundle.js')):
        raise ValueError('%s has no swagger-ui-bundle.js: npm install swagger-ui-dist' % folder)
    name = page.rpartition('/')[2]
    title = api.info['title'].replace('&', '&amp;').replace('<', '&lt;')
    text = _PAGE % (title, name, api.root_from(page) + api.path.lstrip('/'), name, name)
    policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
    headers = {'Content-Type': 'text/html; charset=UTF-8', 'Content-Security-Policy': policy}
    start = {'Content-Type': 'text/javascript; charset=UTF-8'}
    api.app.get(page)(hide(lambda request: (text, headers)))
    api.app.get(page + '/start.js')(hide(lambda request: (_START, start)))
    before = len(api.app._routes)
    api.app.static(page, str(folder), index=None)
    for route in api.app._routes[before:]:
        hide(route[2])


def find(target):
    """Return the ``OpenAPI`` that a command names as ``module:name``, or make one.

    :param target: the name may be that of an ``OpenAPI``, or that of an application, whose own is
        taken if the module has one.

    Raises ``SystemExit`` with a line that says what is wrong.
    """
    module, _, name = target.partition(':')
    sys.path.insert(0, os.getcwd())
    try:
        module = importlib.import_module(module)
        found = getattr(module, name or 'app')
    except (ImportError, AttributeError) as exc:
        raise SystemExit('%s: %s. Name it as in main:app' % (target, exc))
    if isinstance(found, OpenAPI):
        return found
    if not hasattr(found, 'url_map'):
        raise SystemExit('%s is no application: name it as in main:app' % target)
    for api in vars(module).values():
        if isinstance(api, OpenAPI) and api.app is found:
            return api
    return OpenAPI(found, path=None)


def main():
    """Print the document of an application: ``python -m microdot.openapi main:app``."""
    if len(sys.argv) != 2 or sys.argv[1].startswith('-'):
        raise SystemExit('python -m microdot.openapi module:app > openapi.json')
    document = json.loads(''.join(find(sys.argv[1]).pieces()))
    print(json.dumps(document, indent=1))
