"""Tests of main.py without a network, on MicroPython and on CPython."""

import asyncio

from main import app
from microdot.test_client import TestClient


def ask(method, path, **options):
    return asyncio.run(getattr(TestClient(app), method)(path, **options))


def test_the_page():
    response = ask('get', '/')
    assert response.status_code == 200
    assert '<h1>' in response.text


def test_the_lamp():
    assert ask('put', '/api/lamp', json={'on': True}).json == {'on': True}
    assert ask('get', '/api/state').json['on'] is True
    assert ask('put', '/api/lamp', json={'on': False}).json == {'on': False}


def test_what_is_no_state_of_a_lamp():
    for wrong in ({'on': 'maybe'}, {}, [], 1):
        assert ask('put', '/api/lamp', json=wrong).status_code == 400


if __name__ == '__main__':
    for name in sorted(globals()):
        if name.startswith('test_'):
            globals()[name]()
            print(name, 'passed')
