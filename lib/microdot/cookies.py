"""Cookies: the texts of ``Set-Cookie``, and the pairs of ``Cookie`` (RFC 6265).

Loaded by the first request or response that has to do with a cookie.
"""

from .heads import is_token
from .http1 import _NAMES


def parse_cookies(header):
    """Return the dictionary of a ``Cookie`` header; quotes around a value are removed.

    :param header: the value of the header, or ``None``.
    """
    cookies = {}
    for pair in header.split(';') if header else ():
        name, _, value = pair.strip().partition('=')
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        cookies[name] = value
    return cookies


def format_cookie(name, value, attributes):
    """Return the value of a ``Set-Cookie`` header.

    :param name: the name, a token.
    :param value: the value, a str.
    :param attributes: pairs (attribute, value) in the order wanted; ``None`` and ``False`` are left
        out, ``True`` is an attribute without a value.

    Raises ``ValueError`` for anything that would end the value or the attribute early.
    """
    if ';' in value:
        raise ValueError('invalid cookie value')
    if not is_token(name.encode()):
        raise ValueError('invalid cookie')
    text = name + '=' + value
    for attribute, setting in attributes:
        if setting is None or setting is False:
            continue
        text += '; ' + attribute
        if setting is not True:
            setting = str(setting)
            if ';' in setting:
                raise ValueError('invalid cookie')
            text += '=' + setting
    if min(text.encode()) < 32 or '\x7f' in text:
        raise ValueError('invalid cookie')
    return text


def cookie_date(expires):
    """Return the text of a cookie's ``Expires``.

    :param expires: a str, which is taken as it is, or a ``datetime`` in UTC or with its time zone.
    """
    if isinstance(expires, str):
        return expires
    if expires.utcoffset():
        expires = (expires - expires.utcoffset()).replace(tzinfo=None)
    # By hand, as strftime names days and months in the language of the locale.
    weekday, month = 3 * expires.weekday(), 3 * expires.month + 18
    return '%s, %02d %s %04d %02d:%02d:%02d GMT' % (
        _NAMES[weekday : weekday + 3],
        expires.day,
        _NAMES[month : month + 3],
        expires.year,
        expires.hour,
        expires.minute,
        expires.second,
    )
