"""Multipart bodies of werkzeug and python-multipart, with what is in them.

A `Form` wants a list of [name, file name or `None`, media type or `None`, CRC-32 of the content],
or `None` if it is to be refused. What is in werkzeug's, which browsers have made, is told by the
files beside them, and by Python's own parser for mail.
"""

import email.parser
import email.policy
from binascii import crc32
from typing import NamedTuple

import archives
import yaml


class Form(NamedTuple):
    """A body, the boundary of its parts, and what they are."""

    name: str
    boundary: str
    body: bytes
    parts: list


def python_multipart():
    files = archives.members(archives.PYTHON_MULTIPART, 'tests/test_data/http')
    forms = []
    for file in sorted(files):
        stem, _, ending = file.rpartition('.')
        if ending == 'yaml':
            wanted = yaml.safe_load(files[file])
            parts = wanted['expected']
            if isinstance(parts, dict):  # where the error is
                parts = None
            else:
                parts = [_part(part) for part in parts]
            name = 'python-multipart/' + stem
            forms.append(Form(name, wanted['boundary'], files[stem + '.http'], parts))
    return forms


def _part(part):
    file_name = part.get('file_name')
    if isinstance(file_name, bytes):
        file_name = file_name.decode()
    content_type = part.get('content_type') if part['type'] == 'file' else None
    return [part['name'], file_name, content_type, crc32(part['data'])]


def werkzeug():
    files = archives.members(archives.WERKZEUG, 'tests/multipart')
    forms = []
    for file in sorted(files):
        if not file.endswith('.http'):
            continue
        body = files[file]
        boundary = body.partition(b'\n')[0].rstrip(b'\r')[2:].decode()
        folder = file.rpartition('/')[0]
        beside = [crc32(files[name]) for name in files if name.startswith(folder + '/file')]
        parts = _mail_parts(boundary, body)
        assert not folder or {crc for _, _, _, crc in parts} >= set(beside), file
        forms.append(Form('werkzeug/' + file.removesuffix('/request.http'), boundary, body, parts))
    return forms


def _mail_parts(boundary, body):
    """The parts of a form by the parser for mail, which takes it for text with odd characters."""
    head = f'Content-Type: multipart/form-data; boundary="{boundary}"\r\n\r\n'.encode()
    parser = email.parser.BytesFeedParser(policy=email.policy.compat32)  # keeps line ends
    parser.feed(head + body)
    parts = []
    for part in parser.close().get_payload():
        name = part.get_param('name', header='Content-Disposition')
        file_name = part.get_param('filename', header='Content-Disposition')
        content_type = part['Content-Type'] if file_name is not None else None
        parts.append([name, file_name, content_type, crc32(part.get_payload(decode=True))])
    return parts
