"""Templates of 20 KB compile, load and render within the heap of these tests, 192 KB."""

import os

from microdot.utemplate import Template
from template_folder import Folder

TEXT = 'Some text that is the same in every row, as pages have between the values they show.'
ROW = '<tr class="row-%d">\n<td class="a b c">' + TEXT + '</td>{# %d #}\n'
ROW += '{%% if x > %d %%}<td>{{ x + 1 }}</td>{%% endif %%}\n</tr>\n'
ROWS = 110


def write_long(path):
    """Write a template of 20 KB, row by row."""
    with open(path, 'w') as f:
        f.write('{% args x %}\n<table>\n')
        for i in range(ROWS):
            f.write(ROW % (i, i, i))
        f.write('</table>\n')
    assert os.stat(path)[6] > 20000


def test_compiled_and_streamed():
    with Folder() as folder:
        write_long(folder.path + '/long.html')
        Template.initialize(folder.path, autoescape=True)
        size = len('<table>\n</table>\n')
        for i in range(ROWS):
            size += len('<tr class="row-%d">\n<td class="a b c">%s</td></tr>\n' % (i, TEXT))
            size += len('<td>50</td>') if i < 49 else 0
        for part in Template('long.html').generate(49):
            assert len(part) < 1300
            size -= len(part)
        assert size == 0


def test_text_alone():
    with Folder() as folder:
        with open(folder.path + '/flat.html', 'w') as f:
            for _ in range(100):
                f.write('é<' * 100)
        Template.initialize(folder.path)
        size = 0
        for part in Template('flat.html').generate():
            assert part.startswith('é<') or part.startswith('<é')
            assert len(part) < 3000
            size += len(part)
        assert size == 20000
