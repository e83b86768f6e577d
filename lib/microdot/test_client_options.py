"""What ``TestClient.request`` takes by keyword: forms, files, queries, redirects."""

from .compat import dumps
from .urlencoded import urlencode

_NAMES = ('auth', 'files', 'follow_redirects', 'form', 'json', 'query')
_MOST_REDIRECTS = 20


def prepare(path, headers, body, options):
    """Return (path, headers, body) of a request with these options; see ``TestClient.request``.

    Raises ``TypeError`` for an unknown option and for more than one body.
    """
    for name in options:
        if name not in _NAMES:
            raise TypeError('unknown option: ' + name)
    bodies = [name for name in ('json', 'files', 'form') if name in options]
    if (body is not None and bodies) or ('json' in bodies and len(bodies) > 1):
        raise TypeError('more than one body')
    content_type = None
    headers = dict(headers or {})
    given = [name.lower() for name in headers]
    if 'json' in options:
        body, content_type = dumps(options['json']), 'application/json'
    elif 'files' in options:
        boundary = _boundary()
        body = _multipart(boundary, options.get('form') or {}, options['files'])
        content_type = 'multipart/form-data; boundary=' + boundary
    elif 'form' in options:
        body, content_type = _urlencoded(options['form']), 'application/x-www-form-urlencoded'
    if content_type and 'content-type' not in given:
        headers['Content-Type'] = content_type
    if 'auth' in options and 'authorization' not in given:
        from binascii import b2a_base64

        token = b2a_base64(':'.join(options['auth']).encode())
        headers['Authorization'] = 'Basic ' + token.decode().strip()
    if options.get('query'):
        path += ('&' if '?' in path else '?') + _urlencoded(options['query'])
    return path, headers, body


def _pairs(fields):
    """Return the (name, value) of a form: of a dictionary, in which lists stand for several."""
    if not hasattr(fields, 'keys'):
        return list(fields)
    pairs = []
    for name in fields:
        value = fields[name]
        values = value if isinstance(value, list) else [value]
        pairs.extend([(name, value) for value in values])
    return pairs


def _urlencoded(fields):
    pairs = [urlencode(str(name)) + '=' + urlencode(str(value)) for name, value in _pairs(fields)]
    return '&'.join(pairs)


def _boundary():
    from binascii import hexlify
    from os import urandom

    return 'boundary-' + hexlify(urandom(12)).decode()


def _quoted(text):
    # As browsers do (HTML, multipart/form-data encoding algorithm).
    text = str(text).replace('"', '%22').replace('\r', '%0D').replace('\n', '%0A')
    return '"' + text + '"'


def _multipart(boundary, fields, files):
    """Return the body of a form with files (RFC 7578)."""
    parts = [('name=' + _quoted(name), None, str(value)) for name, value in _pairs(fields)]
    for name, file in _pairs(files):
        filename, content, content_type = name, file, 'application/octet-stream'
        if isinstance(file, tuple):
            filename, content = file[:2]
            content_type = file[2] if len(file) > 2 else content_type
        if hasattr(content, 'read'):
            content = content.read()
        disposition = 'name=' + _quoted(name) + '; filename=' + _quoted(filename)
        parts.append((disposition, content_type, content))
    body = bytearray()
    for disposition, content_type, content in parts:
        head = '--' + boundary + '\r\nContent-Disposition: form-data; ' + disposition + '\r\n'
        if content_type:
            head += 'Content-Type: ' + content_type + '\r\n'
        body.extend((head + '\r\n').encode())
        body.extend(content.encode() if isinstance(content, str) else content)
        body.extend(b'\r\n')
    body.extend(('--' + boundary + '--\r\n').encode())
    return bytes(body)


async def follow(client, response, method, path, headers, body):
    """Return the response at the end of all redirects, the others in its ``history``.

    Raises ``ValueError`` after 20 of them.
    """
    history = []
    scheme, host = client.scheme or 'http', None
    while response.status_code in (301, 302, 303, 307, 308) and 'Location' in response.headers:
        if len(history) == _MOST_REDIRECTS:
            raise ValueError('too many redirects')
        history.append(response)
        dropped = []
        if response.status_code < 307 and method != 'HEAD':
            if response.status_code == 303 or method == 'POST':
                method, body, dropped = 'GET', None, ['content-type', 'content-length']
        new_scheme, new_host, path = resolve(path, response.headers['Location'])
        scheme = new_scheme or scheme
        if new_host:
            if new_host != (host or client.host):
                dropped.append('authorization')
            dropped.append('host')
            host = new_host
        headers = {name: headers[name] for name in headers if name.lower() not in dropped}
        if new_host:
            headers['Host'] = new_host
        response = await client._answer(method, path, headers, body, scheme=scheme)
    response.history = history
    return response


def resolve(path, location):
    """Return (scheme, host, path) of a ``Location`` in the answer for a path (RFC 3986, 5.2).

    Scheme and host are ``''`` if they stay.
    """
    location = location.partition('#')[0]
    path = path.partition('?')[0]
    scheme, mark, rest = location.partition('://')
    if not mark or '/' in scheme or '?' in scheme:
        scheme, rest = '', location[2:] if location[:2] == '//' else None
    if rest is not None:
        end = min([i for i in (rest.find('/'), rest.find('?'), len(rest)) if i >= 0])
        target = rest[end:]
        return scheme.lower(), rest[:end], target if target[:1] == '/' else '/' + target
    if location[:1] == '/':
        target = location
    elif location[:1] in ('', '?'):
        target = path + location
    else:
        target = path[: path.rfind('/') + 1] + location
    target, mark, query = target.partition('?')
    return '', '', _without_dots(target) + mark + query


def _without_dots(path):
    parts = []
    segments = path.split('/')
    for segment in segments:
        if segment == '..':
            if len(parts) > 1:
                parts.pop()
        elif segment != '.':
            parts.append(segment)
    if segments[-1] in ('.', '..'):
        parts.append('')
    return '/'.join(parts) or '/'
