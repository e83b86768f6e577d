"""The opening handshake of a WebSocket (RFC 6455, 4.2)."""

from binascii import a2b_base64, b2a_base64
from hashlib import sha1

from .errors import HTTPException, abort


def accept(ws, request):
    """Check the handshake and return the answer to its key, as ``WebSocket.handshake`` says."""
    headers = request.headers
    key = headers.get('Sec-WebSocket-Key', '')
    try:
        valid = len(key) == 24 and len(a2b_base64(key)) == 16
    except ValueError:
        valid = False
    if (
        not valid
        or 'upgrade' not in headers.get('Connection', '').lower()
        or headers.get('Upgrade', '').lower() != 'websocket'
        or 'Sec-WebSocket-Version' not in headers
        or (request.connection and request.http_version == '1.0')
    ):
        abort(400)
    if headers['Sec-WebSocket-Version'].strip() != '13':
        exc = HTTPException(426)
        exc.headers = {'Upgrade': 'websocket', 'Sec-WebSocket-Version': '13'}
        raise exc
    check_origin(ws, request)
    digest = sha1((key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest()
    return b2a_base64(digest).decode().strip()


def check_origin(ws, request):
    """Raise ``HTTPException`` (403) for an origin that is not allowed (RFC 6455, 10.2)."""
    origin = request.headers.get('Origin')
    allowed = ws.allowed_origins
    if allowed is True:
        # A server without TLS may stand behind a proxy that has it, as for CSRF.
        schemes = ('https',) if request.scheme == 'https' else ('http', 'https')
        allowed = [scheme + '://' + request.headers.get('Host', '') for scheme in schemes]
    elif isinstance(allowed, str):
        allowed = (allowed,)
    if origin and allowed is not None and origin not in allowed:
        abort(403)
