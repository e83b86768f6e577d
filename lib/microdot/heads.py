"""The parts of request heads that few requests have; see ``http1``.

Loaded by the first request with a body, of another version, or with anything else out of the way.
"""

from .errors import ClientError
from .http1 import CHUNKED

_TOKEN = b"etaoinsrhldcumfpgwybvkxjqz-ETAOINSRHLDCUMFPGWYBVKXJQZ0123456789!#$%&'*+.^_`|~"
_NOT_IN_HOST = b' \t/\\?#@"<>^`{|},'


def refuse(status_code):
    """Raise ``ClientError``."""
    raise ClientError(status_code)


def is_token(data):
    """Tell whether bytes are a token, as methods and header names are (RFC 9110, 5.6.2)."""
    return data != b'' and not data.strip(_TOKEN)


def has_control(data):
    """Tell whether bytes hold a control character other than a tab."""
    return data != b'' and (127 in data or min(data.replace(b'\t', b' ')) < 32)


def split_bare(data):
    """Do what ``split_head`` does for a head with bare line feeds."""
    end = data.find(b'\n\r\n')
    bare = data.find(b'\n\n')
    if end < 0 or 0 <= bare < end:
        end, rest = bare, data[bare + 2 :]
    else:
        rest = data[end + 3 :]
    if data[end - 1 : end] == b'\r':
        end -= 1
    return data[:end].replace(b'\r\n', b'\n').split(b'\n'), rest


def check_header_line(line, max_line):
    """Raise ``ClientError`` unless a header line is fine: a tab makes it unusual, but valid."""
    if len(line) > max_line:
        refuse(431)
    if not is_token(line[: max(line.find(b':'), 0)]) or has_control(line):
        refuse(400)


def unusual_request_line(line, max_line, lines):
    """Return [method, target, version] of a request line (RFC 9112, section 3).

    :param line: the request line.
    :param max_line: the longest line that is accepted, in bytes.
    :param lines: the header lines; a target with a host replaces their ``Host``.
    """
    if len(line) > max_line:
        refuse(414)
    words = line.split(b' ')
    if len(words) != 3 or has_control(line) or b'\t' in line or not is_token(words[0]):
        refuse(400)
    method, target, version = words
    digits = version[5:]
    if version[:5] != b'HTTP/' or len(digits) != 3 or digits[1:2] != b'.':
        refuse(400)
    if not (digits[:1].isdigit() and digits[2:].isdigit()):
        refuse(400)
    if digits[:1] != b'1':
        refuse(505)
    if target[:1] != b'/' or b'#' in target:
        words[1] = _other_target(method, target, lines)
    try:
        target.decode()
    except ValueError:
        refuse(400)
    return words


def _other_target(method, target, lines):
    """Return the path of an absolute-form target, or ``*`` (RFC 9112, section 3.2)."""
    if method == b'CONNECT':
        refuse(501)
    if method == b'OPTIONS' and target == b'*':
        return target
    scheme, separator, rest = target.partition(b'://')
    if b'#' in target or not separator or scheme.lower() not in (b'http', b'https'):
        refuse(400)
    end = min([i for i in (rest.find(b'/'), rest.find(b'?'), len(rest)) if i >= 0])
    if end == 0:
        refuse(400)
    for i in range(len(lines)):
        if lines[i][:5].lower() == b'host:':
            lines[i] = b'Host: ' + rest[:end]
    path = rest[end:]
    return path if path[:1] == b'/' else b'/' + path


def framing(version, host, fields, lines, max_headers):
    """Return (length, persistent, expects) of a head; see ``parse_head``.

    :param version: the version, such as ``b'HTTP/1.1'``.
    :param host: the value of the first ``Host``, or ``None``.
    :param fields: the values of the other fields by their names in lower case.
    :param lines: the header lines.
    :param max_headers: how many of them are accepted.
    """
    if len(lines) > max_headers:
        refuse(431)
    old = version == b'HTTP/1.0'
    if b'host' in fields or (host is None and not old):
        refuse(400)
    _check_host(host or b'')
    length = _body_length(fields, old)
    persistent = not old and b'close' not in _items(fields.get(b'connection', b''))
    expects = b'expect' in fields and not old
    if expects and fields[b'expect'].lower() != b'100-continue':
        refuse(417)
    return length, persistent, expects


def _items(value):
    return [item.strip(b' \t') for item in value.lower().split(b',')]


def _body_length(fields, old):
    """Return the length of the body, or ``CHUNKED`` (RFC 9112, section 6.3)."""
    length = fields.get(b'content-length')
    if b'transfer-encoding' in fields:
        # Two lengths, or one that HTTP/1.0 does not know: somebody on the way reads it otherwise.
        codings = _items(fields[b'transfer-encoding'])
        if length is not None or old or codings == [b''] or b'chunked' in codings[:-1]:
            refuse(400)
        if codings != [b'chunked']:
            refuse(501)
        return CHUNKED
    if length is None:
        return 0
    lengths = _items(length)
    for item in lengths:
        if not item.isdigit() or item != lengths[0] or len(item) > 18:
            refuse(400)
    return int(lengths[0])


def _check_host(host):
    for c in host:
        if c in _NOT_IN_HOST or c > 126:
            refuse(400)
    name, colon, port = host.rpartition(b':')
    if host.endswith(b']') or not colon:
        name, port = host, b''
    if port and not port.isdigit():
        refuse(400)
    if name.startswith(b'[') != name.endswith(b']') or (b':' in name and name[:1] != b'['):
        refuse(400)
