"""The keys of updates: where they are made and where not, and what a firmware gets of them."""

import contextlib
import io
import os
import stat
import subprocess

import pytest

import needs
from microdot_kit import application, keys, runtimes
from microdot_kit.steps import Failure


@pytest.fixture(autouse=True)
def cryptography():
    try:
        keys.cryptography()
    except Failure as exc:
        needs.missing(str(exc))


@pytest.fixture
def pair(tmp_path):
    return keys.make(tmp_path / 'keys')


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / 'project'
    folder.mkdir()
    subprocess.run(['git', 'init', '-q', folder], check=True)
    return folder


def test_a_pair(pair):
    private, public = pair
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    key = keys.private_key(private)
    assert keys.public_key(public) == keys.public_bytes(key.public_key())
    assert len(keys.public_key(public)) == 64


def test_the_default_place_is_the_user_s(tmp_path, monkeypatch):
    command = [*runtimes.kit_command('keys')]
    env = {**os.environ, 'XDG_CONFIG_HOME': str(tmp_path)}
    for status, part in ((0, 'make firmware KEY='), (1, 'is there already')):
        ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        assert ended.returncode == status and part in ended.stderr, ended.stderr
    assert sorted(path.name for path in (tmp_path / 'microdot-kit').iterdir()) == [
        keys.PRIVATE,
        keys.PUBLIC,
    ]


def test_a_private_key_never_gets_into_a_repository(repository):
    with pytest.raises(Failure, match='would be in a git repository'):
        keys.make(repository / 'keys')
    assert not (repository / 'keys').exists()
    (repository / '.gitignore').write_text('keys/\n')
    assert keys.make(repository / 'keys')[0].exists()


def test_a_file_in_place_of_the_folder(pair):
    with pytest.raises(Failure, match=r'update-public.pem is a file: choose a folder \(KEYS='):
        keys.make(pair[1])


def said(f, *args):
    text = io.StringIO()
    with contextlib.redirect_stderr(text):
        f(*args)
    return text.getvalue()


def test_warnings(pair, repository):
    private, _ = pair
    assert said(keys.private_key, private) == ''
    private.chmod(0o644)
    assert 'chmod 600' in said(keys.private_key, private)
    moved = repository / 'key.pem'
    moved.write_bytes(private.read_bytes())
    moved.chmod(0o600)
    assert 'is in a git repository' in said(keys.private_key, moved)


def test_what_is_no_key(pair, tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec

    serialization, _ = keys.cryptography()
    private, public = pair
    other = tmp_path / 'other.pem'
    key = ec.generate_private_key(ec.SECP384R1())
    how = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    other.write_bytes(key.private_bytes(*how, serialization.NoEncryption()))
    locked = tmp_path / 'locked.pem'
    encryption = serialization.BestAvailableEncryption(b'secret')
    locked.write_bytes(keys.private_key(private).private_bytes(*how, encryption))
    locked.chmod(0o600)
    broken = tmp_path / 'broken.pem'
    broken.write_text('-----BEGIN PRIVATE KEY-----\nnothing\n-----END PRIVATE KEY-----\n')
    for f, path, part in (
        (keys.private_key, tmp_path / 'none.pem', 'No such file'),
        (keys.private_key, public, 'not a private key'),
        (keys.private_key, other, 'not a key of the curve P-256'),
        (keys.private_key, locked, 'it is encrypted'),
        (keys.private_key, broken, 'cannot be read'),
        (keys.public_key, private, 'A firmware gets the public one'),
        (keys.public_key, tmp_path, 'directory'),
        (keys.public_key, runtimes.ROOT / 'LICENSE', 'not a public key'),
    ):
        with pytest.raises(Failure, match=part):
            f(path)


def test_an_encrypted_key(pair, tmp_path, monkeypatch):
    serialization, _ = keys.cryptography()
    locked = tmp_path / 'locked.pem'
    how = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key = keys.private_key(pair[0])
    encryption = serialization.BestAvailableEncryption(b'secret')
    locked.write_bytes(key.private_bytes(*how, encryption))
    locked.chmod(0o600)
    monkeypatch.setenv('KEY_PASSPHRASE', 'secret')
    assert keys.private_key(locked).private_numbers() == key.private_numbers()
    monkeypatch.setenv('KEY_PASSPHRASE', 'wrong')
    with pytest.raises(Failure, match='not with this KEY_PASSPHRASE'):
        keys.private_key(locked)


def test_the_module_of_a_firmware(pair, tmp_path):
    app = tmp_path / 'app'
    app.mkdir()
    (app / 'main.py').write_text('')
    source = keys.module(pair[1], 'esp32-OTA', '1.2.3')
    folder = application.prepare(app, tmp_path / 'frozen', key=source)
    found = {}
    exec((folder / 'update_key.py').read_text(), found)
    assert found['KEY'] == keys.public_key(pair[1])
    assert (found['BOARD'], found['VERSION']) == ('esp32-OTA', '1.2.3')
    application.prepare(app, folder)
    assert not (folder / 'update_key.py').exists()
    (app / 'update_key.py').write_text('')
    with pytest.raises(Failure, match='update_key.py is a name'):
        application.prepare(app, folder)
