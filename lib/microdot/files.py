"""Files as responses. Loaded when the first one is sent."""

# What ``Response.types_map`` does not name.
_TYPES = {
    'avif': 'image/avif',
    'bin': 'application/octet-stream',
    'csv': 'text/csv',
    'gz': 'application/gzip',
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
    reason = 'Not found'


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
        return open(filename, 'rb')
    except OSError as exc:
        if exc.errno in (2, 20, 21):  # ENOENT, ENOTDIR, EISDIR
            raise FileMissing(*exc.args) from None
        raise


def file_size(file):
    """Return how many bytes are left to read in a file opened for reading bytes."""
    start = file.tell()
    size = file.seek(0, 2) - start
    file.seek(start)
    return size
