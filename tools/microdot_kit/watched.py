"""Which files of an application change, for `make run RELOAD=1` and `make deploy WATCH=1`.

Counted are the files that people write: modules, templates, pages and what belongs to them. What an
application writes itself (uploads, databases, keys, compiled templates) does not count, nor do
hidden folders and what Python and editors leave behind.
"""

import itertools
from pathlib import Path

from watchfiles import DefaultFilter, watch

WRITTEN = ('.css', '.htm', '.html', '.js', '.json', '.py', '.svg', '.tpl', '.txt')
INTERVAL = 200  # ms


class Written(DefaultFilter):
    """Lets through the changes of files that people write."""

    def __call__(self, change, path):
        file = Path(path)
        return file.suffix in WRITTEN and not compiled(file) and super().__call__(change, path)


def compiled(file):
    """Whether it is what a template compiles to: `page_html.py` beside `page.html`."""
    name, _, suffix = file.stem.rpartition('_')
    return file.suffix == '.py' and bool(name) and file.with_name(f'{name}.{suffix}').exists()


def changes(folder):
    """Begin to watch, and return an iterator over what changes from now on.

    It waits for each item: the sorted names, relative to the folder, of files that have changed
    together.
    """
    folder = Path(folder).resolve()
    found = watch(folder, watch_filter=Written(), rust_timeout=INTERVAL, yield_on_timeout=True)
    early = next(found)  # nothing is watched before the first call

    def names():
        for changed in itertools.chain([early], found):
            if changed:
                yield sorted({str(Path(path).relative_to(folder)) for _, path in changed})

    return names()
