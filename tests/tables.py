"""Tables that tests fill while they run, printed when all have: see tests/conftest.py."""

_tables = {}


def add(title, columns, row):
    """Add a row, and the table if it is the first. All cells are shown as str."""
    rows = _tables.setdefault(title, [columns])
    rows.append(row)


def lines():
    """The tables as Markdown, one after the other."""
    for title, (columns, *rows) in _tables.items():
        yield from ('', f'### {title}', '')
        for row in (columns, ['---'] * len(columns), *rows):
            yield '| ' + ' | '.join(str(cell) for cell in row) + ' |'
