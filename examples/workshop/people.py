"""Who may log in, and the key their sessions are signed with.

`python people.py` asks for a name and a password and prints the line to put into `PEOPLE`.
"""

import binascii
import hashlib
import os

ROUNDS = 1000  # more make guessing passwords slower, and logging in
KEY_FILE = 'secret.key'

# name: (salt, hash of the password). These two have the password "workbench", as login.html tells.
PEOPLE = {
    'ada': (
        '8bb638b8fdb5ed87',
        '9b030405d4539837c5e60af77eb4953af19600be4d10d53c101d8d7ab1f0e0fa',
    ),
    'grace': (
        '810581b0f62e6d4f',
        'd8f172e486aad67d7155778ff0e835c1172f5388c19325319dfe3e1ee0050a38',
    ),
}


class Person:
    def __init__(self, name):
        self.id = name


def digest(password, salt):
    data = salt.encode() + password.encode()
    for _ in range(ROUNDS):
        data = hashlib.sha256(salt.encode() + data).digest()
    return binascii.hexlify(data).decode()


def find(name):
    """The person of that name, or `None`."""
    return Person(name) if name in PEOPLE else None


def check(name, password):
    """The person, if name and password go together, else `None`; both take the same time."""
    salt, expected = PEOPLE.get(name, ('', ''))
    return find(name) if digest(password, salt) == expected else None


def secret():
    """The key in the file, which is made at the first start, so that logins outlast the next."""
    try:
        with open(KEY_FILE) as file:
            key = file.read()
    except OSError:
        key = ''
    if len(key) != 64:  # such as after a power cut while it was written
        key = binascii.hexlify(os.urandom(32)).decode()
        with open(KEY_FILE, 'w') as file:
            file.write(key)
    return key


if __name__ == '__main__':
    name = input('Name: ').strip().lower()
    salt = binascii.hexlify(os.urandom(8)).decode()
    print('    %r: (%r, %r),' % (name, salt, digest(input('Password: '), salt)))
