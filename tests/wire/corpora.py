"""Requests that other people wrote for their own parsers, with what their authors want of each.

A `Case` wants requests, each as `outcomes` shows them, `*` for a target that is no path, of which
the framework shows the path alone; and perhaps a refusal after them.
"""

import ast
import re
from typing import NamedTuple

import archives


class Case(NamedTuple):
    """Bytes, the requests in them, and whether a refusal has to follow."""

    name: str
    raw: bytes
    requests: list
    refused: bool


def _shown(method, target, length):
    return f'{method} {target if target.startswith("/") else "*"} {length}'


def verdict(case, outcome):
    """Whether an outcome is what a case wants: `accepted`, `refused`, or `None` if it is not."""
    *requests, end = outcome.split('; ')
    if case.refused:
        return 'refused' if end.startswith('refused') else None
    wanted = [request.split(' ') for request in case.requests]
    found = [request.split(' ') for request in requests]
    for fields, shown in zip(wanted, found):
        if fields[1] == '*':
            shown[1] = '*'
    return 'accepted' if found == wanted and not end.startswith('refused') else None


def gunicorn():
    """The cases of gunicorn: a file with the request, one of Python with what it should give."""
    files = archives.members(archives.GUNICORN, 'tests/requests')
    cases = []
    for name in sorted(files):
        stem, dot, ending = name.rpartition('.')
        if ending == 'http':
            requests, refused = _wanted(files[stem + '.py'], stem.startswith('invalid'))
            cases.append(Case('gunicorn/' + stem, _gunicorn_bytes(files[name]), requests, refused))
    return cases


def _gunicorn_bytes(text):
    """Line ends of the file are none; what is sent is written with backslashes."""
    escapes = {b'0': b'\0', b'r': b'\r', b'n': b'\n', b't': b'\t'}
    return re.sub(
        rb'\\(x[0-9A-Fa-f]{2}|[0rnt])',
        lambda found: escapes.get(found[1]) or bytes.fromhex(found[1][1:].decode()),
        text.replace(b'\n', b''),
    )


def _wanted(source, refused):
    """The requests that a file of expectations assigns to `request`, and whether to refuse."""
    names = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names[node.targets[0].id] = node.value
    value = names['request']
    if isinstance(value, ast.Name) and value.id == 'NoMoreData':
        refused = False  # it waits for more
    nodes = value.elts if isinstance(value, ast.List) else [value]
    nodes = [names.get(node.id, node) if isinstance(node, ast.Name) else node for node in nodes]
    requests = [_request(node) for node in nodes if isinstance(node, ast.Dict)]
    return requests, refused


def _request(node):
    fields = {key.value: value for key, value in zip(node.keys, node.values)}
    body = ast.Expression(fields['body'])
    # Literals and methods of theirs: nothing has a name.
    length = len(eval(compile(body, 'body', 'eval'), {'__builtins__': {}}))
    return _shown(fields['method'].value, fields['uri'].args[0].value, length)


_BLOCK = re.compile(
    r'^#+ (?P<title>[^\n]+)$|^<!-- meta=(?P<meta>\{[^\n]*\}) -->$|'
    r'^```(?P<kind>\w+)\n(?P<text>.*?)^```$',
    re.M | re.S,
)


def _is_plain(meta):
    words = meta.split('"')
    return 'request' in words and 'pause' not in words and 'skipBody' not in words


def llhttp():
    """The cases of llhttp: Markdown, a block with the request and one with the parser's events.

    Those for its lenient modes, for what its callbacks can do and for responses are left out.
    """
    cases = []
    files = archives.members(archives.AIOHTTP, 'vendor/llhttp/test/request')
    for file in sorted(files):
        title, meta, raw, count = '', '', '', {}
        for found in _BLOCK.finditer(files[file].decode()):
            if found['title']:
                title = found['title']
            elif found['meta']:
                meta = found['meta'].replace(' ', '')
            elif found['kind'] == 'http':
                raw = found['text']
            elif found['kind'] == 'log' and _is_plain(meta):
                count[title] = count.get(title, 0) + 1
                name = f'llhttp/{file[:-3]}/{title}' + f' {count[title]}' * (count[title] > 1)
                cases.append(Case(name, _llhttp_bytes(raw), *_events(found['text'])))
    return cases


def _llhttp_bytes(text):
    text = re.sub(r'\\\n', '', text.removesuffix('\n')).replace('\n', '\r\n')
    escapes = {'r': '\r', 'n': '\n', 't': '\t', 'f': '\f'}
    text = re.sub(r'\\([rntf])', lambda found: escapes[found[1]], text)
    text = re.sub(r'\\x([0-9a-fA-F]+)', lambda found: chr(int(found[1], 16)), text)
    text = re.sub(r'\\([0-7]{1,3})', lambda found: chr(int(found[1], 8)), text)
    # The only expressions: a text in quotes that is repeated.
    text = re.sub(r"\$\{'(.*?)'\.repeat\((\d+)\)\}", lambda found: found[1] * int(found[2]), text)
    return text.encode()


_EVENT = re.compile(r'span\[(?P<span>\w+)\]="|message (?P<point>begin|complete)|error code=(\d+)')
_PAUSE_ON_UPGRADE = '22'


def _events(log):
    """(requests, refused) by the events of a parser; spans may come in several pieces."""
    requests, refused, at = [], False, {}
    for line in log.splitlines():
        found = _EVENT.search(line)
        if not found:
            continue
        if found['span']:
            length = int(re.search(r'len=(\d+)', line)[1])
            text = line[found.end() : -1]
            before, size = at.get(found['span'], ('', 0))
            at[found['span']] = before + text, size + length
        elif found['point'] == 'begin':
            at = {}
        elif found['point'] == 'complete':
            length = at.get('body', ('', 0))[1]
            requests.append(_shown(at['method'][0], at['url'][0], length))
        elif found[3] != _PAUSE_ON_UPGRADE:
            refused = True
    return requests, refused
