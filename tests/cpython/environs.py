"""Environs for WSGI applications, and what is answered to them."""

import io
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import shims

from microdot.wsgi import Microdot


class Answer:
    """What an application answers to an environ, checked by the validator unless told not to."""

    def __init__(self, app, environ, validated=True):
        self.starts = 0
        result = (validator(app) if validated else app)(environ, self.start)
        try:
            self.started_before = self.starts
            self.parts = list(result)
        finally:
            if hasattr(result, 'close'):
                result.close()
        self.body = b''.join(self.parts)
        self.code = int(self.status.split(' ')[0])

    def start(self, status, headers, exc_info=None):
        self.starts += 1
        self.status, self.headers = status, headers
        return lambda data: None  # what it returns has to be callable


def environ(method='GET', path='/', body=b'', **values):
    """An environ that the validator is content with; `None` removes a name."""
    result = {'REQUEST_METHOD': method, 'SCRIPT_NAME': '', 'PATH_INFO': path}
    if body:
        result['CONTENT_LENGTH'] = str(len(body))
    result['wsgi.input'] = io.BytesIO(body)
    setup_testing_defaults(result)
    result.update({'SERVER_PROTOCOL': 'HTTP/1.1', 'QUERY_STRING': ''})
    result.update(values)
    return {name: value for name, value in result.items() if value is not None}


def echo_app(result):
    return shims.echo_app(Microdot, result)
