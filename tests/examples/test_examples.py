"""The small examples, each served as by `make run`: the table of exchanges, and what is on disk."""

import gzip
import importlib.util
import re

import pytest

import needs
from exchanges import BOTH, CPYTHON, play
from serving import ROOT, copied, serve

EXAMPLES = ROOT / 'examples'
NEEDED = {'sessions': 'jwt', 'login': 'jwt', 'with_jinja': 'jinja2'}  # by CPython
RUNS = [(app, runtime) for app in BOTH for runtime in ('micropython', 'cpython')]
RUNS += [(app, 'cpython') for app in CPYTHON]


def need_packages(app, runtime):
    for part, package in NEEDED.items():
        if runtime == 'cpython' and part in app and not importlib.util.find_spec(package):
            needs.missing(f'{package} is not installed: make .venv/stamps/test')


@pytest.mark.parametrize('app, runtime', RUNS)
def test_exchanges(app, runtime, tmp_path):
    need_packages(app, runtime)
    with serve(copied('examples/' + app, tmp_path), runtime, tmp_path) as server:
        play(server, {**BOTH, **CPYTHON}[app])
        assert 'HEAP=' not in server.output()


def test_logins_take_as_long_for_names_that_nobody_has():
    if not importlib.util.find_spec('jwt'):
        needs.missing('jwt is not installed: make .venv/stamps/test')
    spec = importlib.util.spec_from_file_location('login_main', EXAMPLES / 'login/main.py')
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)
    digests = []
    digest = main.User.digest
    main.User.digest = lambda *args: digests.append(args[1]) or digest(*args)
    for name, password, found in (
        ('ada', 'analytical', 'ada'),
        ('ada', 'x', None),
        ('ada', '', None),
        ('nobody', 'x', None),
        ('', '', None),
    ):
        digests.clear()
        user = main.check(name, password)
        assert (user and user.id) == found, name
        assert digests == [password], name


def test_compressed_copies_are_of_the_files_beside_them():
    copies = list((EXAMPLES / 'static').rglob('*.gz'))
    assert copies
    for path in copies:
        assert gzip.decompress(path.read_bytes()) == path.with_suffix('').read_bytes(), path


def test_each_has_a_readme_and_is_in_the_table():
    table = (EXAMPLES / 'README.md').read_text()
    folders = sorted([path.name for path in EXAMPLES.glob('[a-z]*') if path.is_dir()])
    assert len(folders) > 15
    for name in folders:
        assert f']({name}/) |' in table and f']({name}/README.md)' in table, name
        text = (EXAMPLES / name / 'README.md').read_text()
        assert 'make run' in text and 'CPython' in text, name
        assert 'make deploy APP=examples/' + name in text or 'ot for boards' in text, name


def test_readmes_name_files_that_are_there():
    for path in EXAMPLES.rglob('README.md'):
        text = path.read_text()
        for link in re.findall(r'\]\((?!http)([^)#]+)\)', text):
            assert (path.parent / link).exists(), (path, link)
        for name in re.findall(r'APP=(examples/[a-z_./]+)', text):
            assert (ROOT / name).exists(), (path, name)


def test_pages_load_nothing_from_elsewhere():
    for path in EXAMPLES.rglob('*.html'):
        text = path.read_text()
        assert 'src="http' not in text and 'src="//' not in text, path
        assert '<link rel="stylesheet" href="http' not in text, path
        assert 'width=device-width' in text or '{% ' in text, path
