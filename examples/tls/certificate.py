"""Makes a certificate that signs itself, with its key, as PEM and as DER, by the openssl program.

    python3 certificate.py [NAME ...]

All four files go beside this one. The names, `localhost` and `127.0.0.1` by default, are those of
the device on the network. The key is for an elliptic curve: smaller than RSA, and a handshake takes
a board a fraction of the time.
"""

import os
import re
import shutil
import subprocess
import sys

DAYS = 825  # browsers refuse longer ones
KEY = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem')
COMMANDS = (
    ('x509', '-in', 'cert.pem', '-outform', 'DER', '-out', 'cert.der'),
    ('pkey', '-in', 'key.pem', '-outform', 'DER', '-out', 'key.der'),
)


def openssl(*arguments):
    process = subprocess.run(('openssl',) + arguments, capture_output=True, text=True)
    if process.returncode:
        sys.exit('openssl failed: ' + process.stderr.strip())


def main(names):
    if not shutil.which('openssl'):
        sys.exit('openssl is not installed: install it (Debian: apt-get install openssl)')
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    kinds = ['IP:' if re.fullmatch('[0-9.]+|.*:.*', name) else 'DNS:' for name in names]
    alternatives = ','.join([kind + name for kind, name in zip(kinds, names)])
    subject = ('-subj', '/CN=' + names[0], '-addext', 'subjectAltName=' + alternatives)
    openssl('req', '-x509', *KEY, '-out', 'cert.pem', '-days', str(DAYS), *subject)
    for command in COMMANDS:
        openssl(*command)
    print('Made cert.pem, key.pem, cert.der and key.der for ' + ', '.join(names))


if __name__ == '__main__':
    main(sys.argv[1:] or ['localhost', '127.0.0.1'])
