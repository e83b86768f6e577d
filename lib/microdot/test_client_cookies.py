"""The cookies of ``TestClient``, as a browser would keep and send them (RFC 6265).

``client.cookies`` shows them, by name: the value, or (value, path) if the path is not ``/``; of
several with one name the last that was set. What it does not show is kept here beside it, as long
as nobody changes what is shown.
"""

from .ranges import parse_date

# A cookie: value, path, domain (``None`` for all), whether the domain stands for its hosts too,
# whether TLS is needed, when it expires in seconds since 1970 (``None`` for never).
_PATH = 1


def seconds_of(date):
    """Return the seconds since 1970 of (year, month, day, hour, minute, second)."""
    year, month, day, hours, minutes, seconds = date
    if month < 3:
        month += 12
        year -= 1
    # The days since 1 March of the year 0, less those up to 1970.
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day
    return (days - 719469) * 86400 + hours * 3600 + minutes * 60 + seconds


def host_of(host):
    """Return the name in a ``Host`` header, in lower case and without the port."""
    return host.lower() if host.endswith(']') else host.rpartition(':')[0].lower() or host.lower()


def _attributes(text):
    attributes = {}
    for option in text.split(';'):
        name, _, setting = option.strip().partition('=')
        attributes[name.lower()] = setting.strip()
    return attributes


def _belongs(host, domain):
    return host == domain or host.endswith('.' + domain)


def _covers(prefix, path):
    return path.startswith(prefix) and (prefix[-1:] == '/' or path[len(prefix) :][:1] in ('', '/'))


class Jar:
    """What ``client.cookies`` does not show.

    :param client: the ``TestClient``.
    """

    def __init__(self, client):
        self.client = client
        self.kept = {}  # lists of cookies by name

    def header(self, host, path, secure):
        """Return the value of ``Cookie`` for a request, ``''`` without any.

        :param host: the value of ``Host``.
        :param path: the path, without a query.
        :param secure: whether it is sent by TLS.
        """
        host = host_of(host)
        self._follow()
        found = []
        for name in self.kept:
            for value, prefix, domain, subdomains, needs_tls, _ in self.kept[name]:
                at_home = domain is None or domain == host
                if (
                    (at_home or (subdomains and _belongs(host, domain)))
                    and _covers(prefix, path)
                    and (secure or not needs_tls)
                ):
                    found.append((-len(prefix), name + '=' + value))
        found.sort(key=lambda item: item[0])  # the longest path first
        return '; '.join([pair for _, pair in found])

    def store(self, text, host):
        """Keep the cookie of a ``Set-Cookie``, or let one go.

        :param text: the value of the header.
        :param host: the value of ``Host`` of the request.
        """
        host = host_of(host)
        self._follow()
        pair, _, options = text.partition(';')
        name, _, value = pair.partition('=')
        options = _attributes(options)
        path = options.get('path', '')
        path = path if path[:1] == '/' else '/'
        domain = options.get('domain', '').lower().lstrip('.')
        if domain and not _belongs(host, domain):
            return  # of somebody else
        date = parse_date(options.get('expires'))
        expires = seconds_of(date) if date else None
        if 'max-age' in options:
            age = options['max-age']
            expires = self.client.clock() + (int(age) if age.isdigit() else 0)
        secure = 'secure' in options
        cookies = self.kept.setdefault(name, [])
        for i, other in enumerate(cookies):
            if other[_PATH] == path and other[2] in (None, domain or host):
                cookies.pop(i)
                break
        cookies.append((value, path, domain or host, domain != '', secure, expires))
        self._show(name)

    def _follow(self):
        """Take over what the owner of the client has changed, and let go what has expired."""
        shown = self.client.cookies
        for name in list(self.kept):
            if name not in shown or _shown(self.kept[name][-1]) != shown[name]:
                del self.kept[name]
        for name in list(shown):
            if name not in self.kept:
                value = shown[name]
                value, path = value if isinstance(value, tuple) else (value, '/')
                self.kept[name] = [(value, path, None, True, False, None)]
            self._show(name)

    def _show(self, name):
        """Let ``client.cookies`` show what is left of a name."""
        time = self.client.clock()
        cookies = [c for c in self.kept[name] if c[-1] is None or c[-1] > time]
        if cookies:
            self.kept[name] = cookies
            self.client.cookies[name] = _shown(cookies[-1])
        else:
            del self.kept[name]
            self.client.cookies.pop(name, None)


def _shown(cookie):
    value, path = cookie[:2]
    return value if path == '/' else (value, path)
