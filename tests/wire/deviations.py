"""Reads deviations.txt, and compares what the server did with it."""

from pathlib import Path

FILE = Path(__file__).resolve().with_name('deviations.txt')


def read():
    """{name of a case: (what the server does, the reason)}"""
    table, reason = {}, ''
    for line in FILE.read_text().splitlines():
        if line.startswith('    '):
            # A name may have colons, an outcome has none.
            name, _, outcome = line.strip().rpartition(': ')
            assert name not in table and reason, line
            table[name] = outcome, reason
        elif line and line[0] != '#':
            reason = line
    return table


def check(prefix, found):
    """AssertionError for a deviation that is not in the table, and for a row that is none.

    :param prefix: what the names of the cases begin with that were tried.
    :param found: {name: outcome} of the cases in which the outcome is not what is wanted.
    """
    table = {name: row[0] for name, row in read().items() if name.startswith(prefix)}
    unexplained = {name: got for name, got in found.items() if table.get(name) != got}
    assert not unexplained, ('not in deviations.txt', unexplained)
    stale = {name: row for name, row in table.items() if name not in found}
    assert not stale, ('no deviations any more', stale)
