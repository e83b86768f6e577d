"""Tables for a terminal."""


def render(columns, rows):
    """Text of a table: `columns` are headings, `rows` lists of cells; numbers align right."""
    cells = [[str(heading) for heading in columns]]
    cells += [['' if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    right = [_is_number(row) for row in zip(*cells[1:], strict=True)] if rows else [False] * 99
    lines = []
    for row in cells:
        padded = [
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, right, strict=False)
        ]
        lines.append('  '.join(padded).rstrip())
    lines.insert(1, '  '.join('-' * width for width in widths))
    return '\n'.join(lines)


def _is_number(cells):
    return all(cell.replace(',', '').replace('.', '').isdigit() for cell in cells if cell)


def verdict(value, target):
    """'ok' if the value is there and at most the target, else 'over'; empty without target."""
    if target is None:
        return ''
    return 'ok' if value is not None and value <= target else 'over'
