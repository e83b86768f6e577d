"""What of WebSocket (RFC 6455) has no state: the handshake (4.2), masks (5.3), UTF-8 (8.1)."""

import hashlib
from binascii import a2b_base64, b2a_base64

from .http1 import HTTPException, abort

START = (0, 0, 0)  # the state of ``check_utf8`` at the beginning of a text


class WebSocketError(Exception):
    """The connection has ended, or has to.

    :param message: why.
    :param code: the close code (RFC 6455, 7.4): the client's, 1005 if it sent none, 1006 if it
        left without a word, or the one it is sent because of its mistake.
    """

    def __init__(self, message='', code=1006):
        super().__init__(message)
        self.code = code


def unmask(data, mask):
    """Return bytes masked, or unmasked, with a key of 4 bytes."""
    n = len(data)
    key = int.from_bytes((mask * (n // 4 + 1))[:n], 'little')
    return (int.from_bytes(data, 'little') ^ key).to_bytes(n, 'little')


def check_utf8(state, data, last=False):
    """Check the next bytes of a text and return the state to check those after them with.

    :param state: ``START`` at the beginning; its first item is how many bytes are missing.
    :param data: the bytes.
    :param last: whether the text ends here.

    Raises ``WebSocketError`` at the first byte that cannot be a part of UTF-8 (RFC 3629).
    """
    need, low, high = state
    for c in data if need or not data or max(data) >= 0x80 else ():
        if need:
            need -= 1
        elif c >= 0x80:
            low, high = 0xC2, 0xF4
            need = 1 + (c >= 0xE0) + (c >= 0xF0)
        else:
            continue
        if not low <= c <= high:
            raise WebSocketError('bad UTF-8', 1007)
        low = 0xA0 if c == 0xE0 else 0x90 if c == 0xF0 else 0x80
        high = 0x9F if c == 0xED else 0x8F if c == 0xF4 else 0xBF
    if need and last:
        raise WebSocketError('bad UTF-8', 1007)
    return need, low, high


def accept(ws, request):
    """Check the handshake, set the subprotocol, and return the bytes of the response.

    Raises ``HTTPException``, as ``WebSocket.handshake`` says.
    """
    get = request.headers.get
    key = get('Sec-WebSocket-Key', '')
    version = get('Sec-WebSocket-Version', '')
    try:
        valid = version and len(key) == 24 and len(a2b_base64(key)) == 16
    except ValueError:
        valid = False
    if (
        not valid
        or 'upgrade' not in get('Connection', '').lower()
        or get('Upgrade', '').lower() != 'websocket'
        or (request.connection and request.http_version[-3:] == '1.0')
        or request.method.upper() == 'HEAD'  # which comes to the routes for GET
    ):
        abort(400)
    if version.strip() != '13':
        exc = HTTPException(426)
        exc.headers = {'Upgrade': 'websocket', 'Sec-WebSocket-Version': '13'}
        raise exc
    check_origin(ws, request)
    digest = hashlib.sha1((key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest()
    head = (
        b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
        b'Sec-WebSocket-Accept: ' + b2a_base64(digest).strip() + b'\r\n'
    )
    for name in ws.subprotocols:
        if name in get('Sec-WebSocket-Protocol', '').replace(' ', '').split(','):
            ws.subprotocol = name
            head += b'Sec-WebSocket-Protocol: ' + name.encode() + b'\r\n'
            break
    return head + b'\r\n'


def check_origin(ws, request):
    """Raise ``HTTPException`` (403) for an origin that is not allowed (RFC 6455, 10.2)."""
    allowed = ws.allowed_origins
    get = request.headers.get
    origin = allowed is not None and get('Origin')
    if origin:
        if allowed is True:
            allowed = request.scheme + '://' + get('Host', '')
            if request.scheme == 'http' and origin[:5] == 'https':
                origin = 'http' + origin[5:]  # by a proxy that has TLS, as for CSRF
        if origin not in ((allowed,) if isinstance(allowed, str) else allowed):
            abort(403)
