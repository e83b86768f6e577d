"""Cookies: the text of ``Set-Cookie``, and the pairs of ``Cookie`` (RFC 6265).

Loaded by the first request or response that has to do with one.
"""

from .compat import const
from .http1 import has_control, is_token
from .response import http_date

# One text, 11 characters each: their names would be kept by MicroPython for ever.
_ATTRIBUTES = const(
    'Path       Domain     Expires    Max-Age    Secure     HttpOnly   PartitionedSameSite   '
)


def format_cookie(
    name,
    value,
    path=None,
    domain=None,
    expires=None,
    max_age=None,
    secure=False,
    http_only=False,
    partitioned=False,
    same_site=None,
):
    """Return the value of a ``Set-Cookie`` header; see ``Response.set_cookie``."""
    parts = [name, '=', value]
    if ';' in value:
        raise ValueError('invalid cookie value')
    if expires and not isinstance(expires, str):
        # By hand, as strftime names days and months in the language of the locale.
        expires = http_date(expires.utctimetuple())
    start = 0
    for setting in (path, domain, expires, max_age, secure, http_only, partitioned, same_site):
        if setting is not None and setting is not False and setting != '':
            parts.extend(('; ', _ATTRIBUTES[start : start + 11].rstrip()))
            if setting is not True:
                setting = str(setting)
                if ';' in setting:
                    raise ValueError('invalid cookie')
                parts.extend(('=', setting))
        start += 11
    text = ''.join(parts)
    if not is_token(name) or '\t' in text or has_control(text):
        raise ValueError('invalid cookie')
    return text


def parse_cookies(header):
    """Return the dictionary of a ``Cookie`` header (RFC 6265, 5.4); quotes around a value go."""
    cookies = {}
    for pair in header.split(';') if header else ():
        # Blanks and tabs alone: Unicode's others may make a name that only looks like another.
        name, _, value = pair.strip(' \t').partition('=')
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        cookies[name] = value
    return cookies
