"""What the tests of `microdot.openapi` share: a schema, and the document of an application."""

import json

from microdot.openapi import OpenAPI

LAMP = {
    'type': 'object',
    'required': ['name'],
    'additionalProperties': False,
    'properties': {
        'name': {'type': 'string', 'minLength': 1, 'maxLength': 20},
        'level': {'type': 'integer', 'minimum': 0, 'maximum': 100, 'default': 50},
    },
}


def document(app, *args, **kwargs):
    return json.loads(''.join(OpenAPI(app, *args, **kwargs).pieces()))
