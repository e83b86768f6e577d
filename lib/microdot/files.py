"""Files as responses. Loaded when the first one is sent."""

import os

from .compat import const

_LEAST = const(64)  # bytes to read at once

# What ``Response.types_map`` does not name.
_TYPES = {
    'avif': 'image/avif',
    'bin': 'application/octet-stream',
    'csv': 'text/csv',
    'htm': 'text/html',
    'ico': 'image/x-icon',
    'jpeg': 'image/jpeg',
    'map': 'application/json',
    'md': 'text/markdown',
    'mjs': 'application/javascript',
    'mp3': 'audio/mpeg',
    'mp4': 'video/mp4',
    'ogg': 'audio/ogg',
    'otf': 'font/otf',
    'pdf': 'application/pdf',
    'ttf': 'font/ttf',
    'wasm': 'application/wasm',
    'wav': 'audio/wav',
    'webm': 'video/webm',
    'webmanifest': 'application/manifest+json',
    'webp': 'image/webp',
    'woff': 'font/woff',
    'woff2': 'font/woff2',
    'xml': 'application/xml',
    'zip': 'application/zip',
}


class FileMissing(OSError):
    """The file of a response is not there; unhandled, it is answered with 404."""

    status_code = 404


def content_type_of(filename, types_map):
    """Return the media type that a file's extension stands for, whatever its case.

    :param filename: the name or path of the file.
    :param types_map: a dictionary from extension to media type, looked at first.
    """
    name = filename.replace('\\', '/').split('/')[-1]
    _, dot, extension = name.rpartition('.')
    if not dot:
        return 'application/octet-stream'
    if extension not in types_map:
        extension = extension.lower()
    return types_map.get(extension) or _TYPES.get(extension, 'application/octet-stream')


def open_file(filename):
    """Open a file for reading bytes.

    Raises ``FileMissing``, an ``OSError``, if there is no such file or it is a directory.
    """
    try:
        # A directory opens without complaint on some ports, and fails only when it is read.
        if os.stat(filename)[0] & 0xF000 == 0x4000:
            raise FileMissing(21)
        return open(filename, 'rb')
    except OSError as exc:
        if exc.errno in (2, 20):  # ENOENT, ENOTDIR
            raise FileMissing(*exc.args) from None
        raise


def file_size(file):
    """Return how many bytes are left to read in a file opened for reading bytes."""
    start = file.tell()
    size = file.seek(0, 2) - start
    file.seek(start)
    return size


def read_some(file, n):
    """Read at most n bytes of a file, fewer if there is no memory for n bytes in one piece."""
    while True:
        try:
            return file.read(n)
        except MemoryError:
            n //= 2
            if n < _LEAST:
                raise


def send_file(
    cls,
    filename,
    status_code=200,
    content_type=None,
    stream=None,
    max_age=None,
    compressed=False,
    file_extension='',
):
    """Return a response with the content of a file; see ``Response.send_file``."""
    if content_type is None:
        named = filename[:-3] if compressed and filename.endswith('.gz') else filename
        content_type = content_type_of(named, cls.types_map)
    headers = {'Content-Type': content_type}
    if max_age is None:
        max_age = cls.default_send_file_max_age
    if max_age is not None:
        headers['Cache-Control'] = 'max-age=%s' % max_age
    if compressed:
        headers['Content-Encoding'] = compressed if isinstance(compressed, str) else 'gzip'
    body = open_file(filename + file_extension) if stream is None else stream
    response = cls(body, status_code, headers)
    response.is_file = stream is None
    return response
