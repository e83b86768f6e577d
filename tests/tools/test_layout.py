"""The files of the tests themselves."""

from collections import defaultdict

from microdot_kit import runtimes


def test_modules_have_names_of_their_own():
    """pytest imports them all by their bare names, so of two alike only one would be imported."""
    paths = defaultdict(list)
    for path in (runtimes.ROOT / 'tests').rglob('*.py'):
        paths[path.name].append(runtimes.shown(path))
    del paths['conftest.py']
    assert [alike for alike in paths.values() if len(alike) > 1] == []
