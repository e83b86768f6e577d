"""Hello over TLS. MicroPython reads the certificate and the key as DER, CPython as PEM."""

import os
import ssl
import sys

from microdot import Microdot

KIND = 'der' if sys.implementation.name == 'micropython' else 'pem'

app = Microdot()


@app.get('/')
async def index(request):
    return 'Hello over %s.\n' % request.scheme


def context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain('cert.' + KIND, 'key.' + KIND)
    except OSError:
        tool = os.getcwd() + '/certificate.py'
        print('There is no certificate yet: python3 %s makes one' % tool, file=sys.stderr)
        sys.exit(1)
    return context


if __name__ == '__main__':
    app.run(port=5000, ssl=context(), debug=True)
