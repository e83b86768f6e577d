"""``Vary``: on what a response depends. Loaded by the first one that says it."""


def add_vary(res, names):
    """Add names of request headers to a response's ``Vary`` (RFC 9110, 12.5.5)."""
    value = res.headers.get('Vary')
    vary = [name.strip() for name in value.split(',')] if value else []
    known = [name.lower() for name in vary]
    vary.extend([name for name in names if name.lower() not in known])
    res.headers['Vary'] = ', '.join(vary)
