"""The application that gets other people's requests: what it has understood is in its answer.

echo_program.py PORT [name=number ...], as `program.py` in tests/http. A header `Seen` has the
method, the target and the length of the body of a request; a form is answered with its parts.
`need_host=0` lets requests without `Host` through, for what else is in them.
"""

import sys
from binascii import crc32, hexlify

from microdot import Microdot, Request, Response, http1
from microdot.server import Connection


class Echo(Microdot):
    """Answers every request, whatever its method and target."""

    async def dispatch_request(self, req):
        if not req or req.content_length > req.max_content_length:
            return await Microdot.dispatch_request(self, req)
        if req.path == '/form':
            return await self.form(req)
        size = 0
        while True:
            data = await req.stream.read(1000)
            if not data:
                break
            size += len(data)
        seen = '%s %s %d' % (req.method, hexlify(req.url.encode()).decode(), size)
        return Response('', headers={'Seen': seen})

    async def form(self, req):
        """Return what is in a form: names, types and checksums."""
        from microdot.multipart import FormDataIter

        parts = []
        try:
            async for name, value in FormDataIter(req):
                if isinstance(value, str):
                    parts.append([name, None, None, crc32(value.encode())])
                else:
                    content_type = value.content_type
                    parts.append([name, value.filename, content_type, crc32(await value.read())])
        except Exception as exc:
            return await self.recover(req, exc)
        from microdot.compat import dumps

        return Response(dumps(parts), headers={'Seen': 'form'})


def need_no_host():
    """Take an absent Host for a good one; one that is sent is checked as ever."""
    check = http1.check_fields

    def lenient(lines, max_line):
        fields = check(lines, max_line)
        if http1.HOST not in fields:
            fields[http1.HOST] = b'h'
        return fields

    http1.check_fields = lenient


def main(port, *bounds):
    for bound in bounds:
        name, _, value = bound.partition('=')
        if name == 'need_host':
            need_no_host()
            continue
        owner = Connection if hasattr(Connection, name) else Request
        setattr(owner, name, float(value) if '.' in value else int(value))
    Echo().run(host='127.0.0.1', port=int(port))


if __name__ == '__main__':
    main(*sys.argv[1:])
