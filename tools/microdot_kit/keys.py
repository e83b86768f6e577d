"""Makes the key pair that updates are signed with: what `make keys` calls.

    microdot-kit keys [FOLDER]

Into FOLDER, by default ~/.config/microdot-kit, go `update-private.pem`, which signs (make update)
and must never get into firmware or a repository, and `update-public.pem`, which boards check with
(make firmware KEY=). Keys that are there are left alone: boards trust no others.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from microdot_kit import runtimes
from microdot_kit.steps import Failure, say

CONFIG = Path(os.environ.get('XDG_CONFIG_HOME') or Path.home() / '.config') / 'microdot-kit'
PRIVATE = 'update-private.pem'
PUBLIC = 'update-public.pem'
OURS_ALONE = 0o600
NEEDED = '{} is not installed: make .venv/stamps/update'


def cryptography():
    """The parts of the package that are used. Failure if it is not installed."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as exc:
        raise Failure(NEEDED.format(exc.name.partition('.')[0])) from None
    return serialization, ec


def would_be_committed(path):
    """Whether a file is, or would be, in a git repository."""
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    git = ['git', '-C', str(folder)]

    def works(*arguments):
        return subprocess.run([*git, *arguments], capture_output=True).returncode == 0

    try:
        if not works('rev-parse', '--show-toplevel'):
            return False
        return works('ls-files', '--error-unmatch', str(path)) or not works(
            'check-ignore', '-q', str(path)
        )
    except FileNotFoundError:  # without git nobody commits; a folder of it may be there
        return any((parent / '.git').exists() for parent in (folder, *folder.parents))


def make(folder):
    """Make the pair in a folder, and return the paths (private, public)."""
    serialization, ec = cryptography()
    private, public = folder / PRIVATE, folder / PUBLIC
    if folder.exists() and not folder.is_dir():
        raise Failure(f'{runtimes.shown(folder)} is a file: choose a folder (KEYS=folder)')
    for path in (private, public):
        if path.exists():
            raise Failure(
                f'{runtimes.shown(path)} is there already, and boards may trust it: choose another '
                'folder (KEYS=folder)'
            )
    if would_be_committed(private.absolute()):
        raise Failure(
            f'{runtimes.shown(private)} would be in a git repository, where a private key must not '
            'be: choose a folder outside of it (KEYS=folder)'
        )
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with open(private, 'xb', opener=lambda name, flags: os.open(name, flags, OURS_ALONE)) as file:
        file.write(pem)
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return private, public


def read(path):
    """The bytes of a file with a key. Failure if it cannot be read."""
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as exc:
        raise Failure(f'KEY={path}: {exc.strerror}. make keys makes a pair') from None


def private_key(path):
    """The private key in a file. Failure if it is none; a warning if others could get at it."""
    serialization, ec = cryptography()
    data = read(path)
    if b'PRIVATE KEY' not in data:
        raise Failure(f'KEY={path}: not a private key, which is what signs')
    passphrase = os.environ.get('KEY_PASSPHRASE', '').encode() or None
    try:
        key = serialization.load_pem_private_key(data, passphrase)
    except TypeError:
        needed = 'it has none' if passphrase else 'it is encrypted'
        raise Failure(f'KEY={path}: {needed} (KEY_PASSPHRASE= in the environment)') from None
    except ValueError:
        raise Failure(f'KEY={path}: cannot be read, or not with this KEY_PASSPHRASE') from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != 'secp256r1':
        raise Failure(f'KEY={path}: not a key of the curve P-256: make keys makes one')
    file = Path(path).expanduser()
    if file.stat().st_mode & 0o077:
        say(f'Others can read {path}: chmod 600 {path}')
    if would_be_committed(file.resolve()):
        say(f'{path} is in a git repository: whoever gets that can sign updates. Move it out')
    return key


def public_bytes(key):
    """A public key as boards have it: x and y, each 32 bytes."""
    numbers = key.public_numbers()
    return numbers.x.to_bytes(32, 'big') + numbers.y.to_bytes(32, 'big')


def public_key(path):
    """The public key in a file, as boards have it. Failure if it is none."""
    serialization, ec = cryptography()
    data = read(path)
    if b'PRIVATE KEY' in data:
        raise Failure(f'KEY={path}: the private key. A firmware gets the public one: {PUBLIC}')
    try:
        key = serialization.load_pem_public_key(data)
    except ValueError:
        raise Failure(f'KEY={path}: not a public key: make keys makes a pair') from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != 'secp256r1':
        raise Failure(f'KEY={path}: not a key of the curve P-256: make keys makes one')
    return public_bytes(key)


def module(path, board, version=''):
    """The source of the module `update_key`, which a firmware is given."""
    made = '# Updates are taken if they are signed with the private half of this key.\n'
    made += f'KEY = {public_key(path)!r}\nBOARD = {board!r}\n'
    return (made + (f'VERSION = {version!r}\n' if version else '')).encode()


def main(arguments):
    parser = argparse.ArgumentParser(prog='microdot-kit keys', description='Make a pair of keys.')
    parser.add_argument('folder', nargs='?', default='', help=f'where to (default: {CONFIG})')
    chosen = parser.parse_args(arguments)
    folder = Path(chosen.folder).expanduser() if chosen.folder else CONFIG
    try:
        private, public = make(folder)
    except Failure as exc:
        sys.exit(str(exc))
    except OSError as exc:
        sys.exit(f'{exc.filename or folder}: {exc.strerror}')
    print(private)
    print(public)
    say('Keep a copy of the private key where nobody else gets at it: boards that have this public')
    say('key take updates signed with it, and none without it.')
    say(f'Next: make firmware KEY={public}')


if __name__ == '__main__':
    main(sys.argv[1:])
