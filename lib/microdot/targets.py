"""What few heads have: targets that are no path, empty lines before. Loaded by the first one."""

from .compat import const
from .http1 import HOST, refuse

_ADDRESS = const(b"0123456789abcdefghijklmnopqrstuvwxyz._-~%!$&'()*+;=:")


def split_target(method, target, fields, lines, version):
    """Return the path of a target, or ``*`` (RFC 9112, 3.2).

    The host of an absolute one replaces ``Host``.
    """
    if method == 'CONNECT':
        refuse(501)
    if target == '*' and method == 'OPTIONS':
        return target
    scheme, separator, rest = target.partition('://')
    end = min([i for i in (rest.find('/'), rest.find('?'), len(rest)) if i >= 0])
    if scheme.lower() not in ('http', 'https') or not separator or not end:
        refuse(400)
    host = rest[:end].encode()
    if b',' not in fields.get(HOST, b'' if version == '1.0' else b','):
        fields[HOST] = host.lower()
    for i in range(len(lines)):
        if lines[i][:5].lower() == b'host:':
            lines[i] = b'Host: ' + host
    return rest[end:] if rest[end : end + 1] == '/' else '/' + rest[end:]


def port_of(host):
    """Return what is behind the brackets of an IPv6 address, a colon and a port or nothing."""
    end = host.find(b']')
    if host[:1] != b'[' or end < 1 or (host[1:end] + host[end + 1 :]).strip(_ADDRESS):
        refuse(400)
    port = host[end + 1 :]
    if port[:1] not in (b'', b':'):
        refuse(400)
    return port


def skip_empty_lines(data):
    """Return bytes without the empty lines that may precede a request (RFC 9112, 2.2).

    Raises ``ClientError`` (400) for another control character: a TLS handshake begins so.
    """
    start = 0
    while data[start : start + 1] == b'\n' or data[start : start + 2] == b'\r\n':
        start += 1
    data = data[start:]
    if data and data[0] < 32 and data != b'\r':
        refuse(400)
    return data
