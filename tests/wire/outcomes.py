"""What became of bytes that were sent to `Echo`, as text: `GET / 0; POST /a 5; refused 400`.

The end is `refused` with a status, `waits` for more of a request, or `closed`. On both runtimes.
"""

from binascii import unhexlify


def fields_of(head):
    """The status and the header fields of a response, with names in lower case."""
    lines = head.split(b'\r\n')
    assert lines[0][:7] == b'HTTP/1.' and lines[0][8:9] == b' ', lines[0]
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(b': ')
        fields[name.decode().lower()] = value.decode()
    return int(lines[0][9:12]), fields


def outcome(data):
    """Return the text for all that the server has answered, when it waits or has closed."""
    found = []
    end = 'waits'
    while data:
        assert end == 'waits', ('after the last answer', data)
        head, separator, data = data.partition(b'\r\n\r\n')
        assert separator, head
        status, fields = fields_of(head)
        if status == 100:
            continue
        if 'seen' not in fields:
            assert fields.get('connection') == 'close' and status >= 400, head
            # The wait was for more of a head or a body; who is refused gets nothing more.
            return '; '.join(found + ['waits' if status == 408 else 'refused %d' % status])
        assert fields['content-length'] == '0' and status == 200, head
        method, target, size = fields['seen'].split()
        found.append('%s %s %s' % (method, unhexlify(target).decode(), size))
        if fields.get('connection') == 'close':
            end = 'closed'
    return '; '.join(found + [end])
