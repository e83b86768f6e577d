"""``OpenAPI``: the routes of an application as an OpenAPI 3.1 document, for programs and people.

``describe`` says what a route wants and answers. What it says is checked, too: a request that does
not fit is answered with 422, and the handler gets values that do::

    lamp = {
        'type': 'object',
        'required': ['name'],
        'properties': {'name': {'type': 'string', 'maxLength': 20}, 'on': {'type': 'boolean'}},
    }

    @app.post('/lamps/<int:n>')
    @describe('Set a lamp', body=lamp, responses={200: lamp, 404: 'There is no such lamp'})
    async def set_lamp(request, n, body):
        ...

    OpenAPI(app, 'Lamps', schemas={'Lamp': lamp})

Arguments of paths, methods and the prefixes of mounted applications are known without it. The
document is made anew for each request, a piece at a time.
"""

import json
import sys

from .compat import invoke_handler
from .helpers import mark, wraps
from .http1 import HTTPException, reason_phrase, refuse
from .openapi_schema import check, from_text, verify

_described = []  # what ``describe`` was given: see there
_hidden = []


def hide(f):
    """Decorate a route that no document is to have."""
    return mark(f, _hidden)


def describe(summary=None, description=None, query=None, body=None, responses=None, **operation):
    """Decorate a route, below its own decorator, with what it wants and what it answers.

    :param summary: what it does, in a few words.
    :param description: more about it; CommonMark.
    :param query: the parameters of the query string: a dictionary of schemas by their names, or the
        schema of an object, whose ``required`` says which must be there. The route gets the
        dictionary of them, converted, as ``query``.
    :param body: the schema of the JSON body. The route gets the value as ``body``.
    :param responses: a dictionary by status, ``200`` or ``'4XX'``: the description, the schema of
        JSON, the tuple of both, or an OpenAPI Response Object, which has ``content``.
    :param operation: more of an OpenAPI Operation Object, such as ``tags=['lamps']``,
        ``deprecated=True``, ``security=[...]`` or an ``operationId`` for clients to call it by.
        ``parameters`` are headers, or say more of an argument of the path; they are not checked.

    A schema is a dictionary, JSON Schema as far as ``microdot.openapi_schema`` checks it. On
    CPython it may be a type as well: a dataclass, a ``TypedDict``, or what else msgspec or pydantic
    make a schema of, one of which has to be installed. The route then gets an object of it, and
    may return such objects.

    A request with another query or body is answered with 422 and a JSON object, see RFC 9457, whose
    ``errors`` have ``at``, a list such as ``['body', 'name']``, and ``message``; a handler of the
    application for 422 finds them in ``request.g.invalid``. A body that is not JSON is a 415, or
    400 if it is malformed.

    Raises ``ValueError`` for a schema that could not be checked, ``TypeError`` for a type that
    nobody has a schema of.
    """
    shared = {}  # the schemas that those of types refer to, by their names
    checks = []  # (name, schema, function that checks it)
    dump = None
    if query is not None:
        if isinstance(query, dict) and 'properties' not in query:
            query = {'properties': query}
        query, load, _ = _schema(query, shared, True)
        checks.append(('query', query, load))
    if body is not None:
        body, load, _ = _schema(body, shared)
        checks.append(('body', body, load))
    for status, answer in list((responses or {}).items()):
        text, given = answer if isinstance(answer, tuple) else (None, answer)
        if not isinstance(given, (dict, str)):  # what is only told may have all of JSON Schema
            given, _, dump = _schema(given, shared)
            responses = dict(responses)
            responses[status] = (text, given) if text else given

    def decorated(f):
        functions = []
        name = getattr(f, '__name__', '')
        # The document makes operations of it; until then it takes little memory.
        _described.append(
            (functions, name, summary, description, query, body, responses, operation, shared)
        )
        mark(f, functions)
        return _checked(f, checks, dump) if checks or dump else f

    return decorated


def _checked(f, checks, dump):
    """Return a route that calls another one if the request is as described."""

    @wraps(f)
    async def wrapper(request, *args, **kwargs):
        errors = []
        for name, schema, load in checks:
            if name in kwargs:
                raise TypeError('an argument of the path is called ' + name + ': rename it')
            known = len(errors)
            value = _query(request, schema) if name == 'query' else _body(request, errors)
            if len(errors) == known:
                kwargs[name] = load(schema, value, [name], errors)
        if errors:
            _refuse(request, errors)
        result = await invoke_handler(f, request, *args, **kwargs)
        return dump(result) if dump else result

    return wrapper


def _refuse(request, errors):
    """End a request with 422, by the application's own handler of that if there is one."""
    request.g.invalid = errors
    title = reason_phrase(422)
    exc = HTTPException(422, json.dumps({'title': title, 'status': 422, 'errors': errors}))
    if not request.app._error_handler(request, (422,)):
        exc.headers = {'Content-Type': 'application/problem+json'}
    raise exc


def _query(request, schema):
    """Return the dictionary of what the query string has of some parameters."""
    values = {}
    for name, parameter in schema.get('properties', {}).items():
        if name in request.args:
            values[name] = from_text(parameter, request.args.getlist(name))
    return values


def _body(request, errors):
    """Return the value of the JSON body."""
    if not request.body and (request.content_length or 'Transfer-Encoding' in request.headers):
        refuse(413)  # it was too long to be loaded
    value = request.json
    if value is None:
        if not request.body:
            errors.append({'at': ['body'], 'message': 'is missing'})
        elif request.body.strip() != b'null':
            refuse(415)
    return value


def _schema(given, shared, resolved=False):
    """Return (schema, function that checks it, function that makes JSON of results).

    :param given: the dictionary, or a type.
    :param shared: where a type puts the schemas that others refer to.
    :param resolved: whether a reference is no use.
    """
    if isinstance(given, dict):
        verify(given)
        return given, check, None
    if sys.implementation.name == 'micropython':
        raise TypeError('on MicroPython a schema is a dictionary, not ' + repr(given))
    from .openapi_cpython import typed

    return typed(given, shared, resolved)


class OpenAPI:
    """Serves the document of an application, and a page that shows it.

    :param app: the application, which gets the two routes.
    :param title: the name of the API.
    :param version: its version, a str.
    :param path: the path of the document, ``None`` for none.
    :param page: the path of the page, ``None`` for none.
    :param schemas: a dictionary of those that have a name: each stands once in the document, which
        refers to it wherever that very dictionary is used. Clients that are made of the document
        call their types so.
    :param file: the path of a file that has the document, made beforehand by ``python -m
        microdot.openapi``, to be sent in its place.
    :param members: more of an OpenAPI Object, such as ``servers=[{'url': '...'}]``,
        ``components={'securitySchemes': {...}}``, or ``info={'description': '...'}``.

    Who can reach the routes can read them. The document has the routes that there are when it is
    asked for, but those of ``hide``. Of routes whose paths differ in nothing but the types of their
    arguments it can have one for each method, and it has the first.
    """

    def __init__(
        self,
        app,
        title='API',
        version='1.0',
        path='/openapi.json',
        page='/docs',
        schemas=None,
        file=None,
        **members,
    ):
        self.app = app
        self.info = {'title': title, 'version': version}
        self.info.update(members.pop('info', {}))
        self.components = members.pop('components', {})
        self.members = members
        self.schemas = schemas or {}
        for schema in self.schemas.values():
            verify(schema, True)
        self.file = file
        self.path = path
        if path:
            app.get(path)(hide(self._serve_document))
        self.page = page
        if path and page:
            app.get(page)(hide(self._serve_page))

    def root_from(self, page):
        """Return the application's address relative to a page, as a proxy may add to both.

        :param page: the path of the page.
        """
        return '../' * (page.count('/') - 1) or './'

    async def _serve_document(self, request):
        if self.file:
            from .response import Response

            return Response.send_file(self.file, content_type='application/json')
        return self.pieces(request.url_prefix), {'Content-Type': 'application/json'}

    async def _serve_page(self, request):
        from .openapi_page import HEADERS, page

        root = self.root_from(self.page)
        return page(self.info['title'], root, root + self.path.lstrip('/')), HEADERS

    def pieces(self, prefix=''):
        """Yield the document, a few hundred characters at a time.

        :param prefix: what the application is mounted at.

        Raises ``ValueError`` for different schemas of one name.
        """
        from .openapi_document import written

        return written(self, prefix)


if __name__ == '__main__':
    from .openapi_cpython import main

    main()
