"""The page of ``OpenAPI``: the operations of the document beside it, and a form to try each.

It loads nothing but that document. Its parts are yielded one by one: frozen, they stay in flash.
"""

HEADERS = {
    'Content-Type': 'text/html; charset=UTF-8',
    'Content-Security-Policy': "default-src 'none'; connect-src *; img-src data:;"
    " style-src 'unsafe-inline'; script-src 'unsafe-inline'",
}
# Several, of bytes: a board sends each as it is, without a copy.
_STYLE = b"""\
<style>
:root {
  color-scheme: light dark; --page: #f6f7f9; --card: #fff; --edge: #dfe3ea; --quiet: #566072;
  --text: #1a202b; --accent: #1d5fbf; --good: #1b7a3d; --bad: #b8202f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151b; --card: #1b2028; --edge: #323a47; --quiet: #a3abb8; --text: #e8ebf0;
    --accent: #7fb2ff; --good: #6fd08f; --bad: #ff8a92;
  }
}
* { box-sizing: border-box; overflow-wrap: anywhere; }
body { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.3; }
h2 { margin: 2rem 0 .6rem; font-size: 1.1rem; }
h3 { margin: 1.1rem 0 .3rem; font-size: .9rem; color: var(--quiet); }
p { margin: .4rem 0; }
small, .quiet { color: var(--quiet); font-size: .875rem; font-weight: 400; }
code, pre, textarea, input { font: .85rem/1.5 ui-monospace, monospace; }
details { margin: .5rem 0; border: 1px solid var(--edge); border-radius: 10px;
  background: var(--card); }
summary { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem .75rem;
  padding: .65rem .9rem; cursor: pointer; list-style: none; border-radius: 10px; }
summary::-webkit-details-marker { display: none; }
summary b { min-width: 4rem; color: var(--accent); font-size: .8rem; letter-spacing: .04em; }
summary code { font-weight: 600; font-size: .95rem; }
.gone code { text-decoration: line-through; }
form { padding: 0 .9rem .9rem; border-top: 1px solid var(--edge); }
label { display: grid; grid-template-columns: 12rem 1fr; gap: .1rem 1rem; align-items: center;
  padding: .3rem 0; }
input, textarea { width: 100%; min-height: 2.6rem; padding: .5rem .6rem;
  border: 1px solid var(--edge); border-radius: 8px; background: var(--page); color: inherit; }
textarea { min-height: 8rem; resize: vertical; }
pre { margin: .3rem 0; padding: .7rem .9rem; border-radius: 8px; background: var(--page);
  white-space: pre-wrap; max-height: 24rem; overflow: auto; }
button { min-height: 2.6rem; margin-top: .8rem; padding: .55rem 1.4rem; border: 0;
  border-radius: 8px; background: var(--accent); color: var(--card);
  font: 600 .95rem system-ui, sans-serif;
  cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.good { color: var(--good); } .bad { color: var(--bad); }
@media (max-width: 40rem) { label { grid-template-columns: 1fr; } button { width: 100%; } }
</style>
"""
_SCRIPT = (
    b"""\
<script>
const where = new URL(document.documentElement.dataset.document, location);
let api;
const make = (tag, text, more) => {
  const e = Object.assign(document.createElement(tag), more);
  if (text != null) e.textContent = text;
  return e;
};
const find = x => {
  if (x && x.$ref) return find(x.$ref.slice(2).split('/').reduce((o, k) =>
    o[k.replace(/~1/g, '/').replace(/~0/g, '~')], api));
  return x || {};
};
const bounds = [['minimum', '\\u2265 '], ['exclusiveMinimum', '> '], ['maximum', '\\u2264 '],
  ['exclusiveMaximum', '< '], ['minLength', 'length \\u2265 '], ['maxLength', 'length \\u2264 '],
  ['minItems', 'items \\u2265 '], ['maxItems', 'items \\u2264 '], ['pattern', 'matches '],
  ['default', 'default ']];
const type = s => {
  const any = s.anyOf || s.oneOf;
  let text = any ? any.map(type).join(' or ') : [].concat(s.type || 'anything').join(' or ');
  if (s.$ref) text = s.$ref.split('/').pop();
  if (s.type == 'array') text += ' of ' + type(s.items || {});
  if (s.enum) text = s.enum.map(v => JSON.stringify(v)).join(' | ');
  if (s.format) text += ', ' + s.format;
  for (const [key, words] of bounds) {
    if (s[key] != null) text += ', ' + words + (key == 'pattern' ? s[key] : JSON.stringify(s[key]));
  }
  return text;
};
""",
    b"""\
const shape = (given, pad = '', seen = []) => {
  const s = find(given), next = pad + '  ';
  if (seen.length > 8 || (given.$ref && seen.includes(given.$ref))) return type(given);
  seen = seen.concat(given.$ref || []);
  if (s.type == 'array') return '[' + shape(s.items || {}, pad, seen) + ', ...]';
  if (!s.properties) return type(s);
  const lines = Object.entries(s.properties).map(([name, part]) => next + name +
    ((s.required || []).includes(name) ? ': ' : '?: ') + shape(part, next, seen) +
    (part.description ? '  \\u2014 ' + part.description : ''));
  return '{\\n' + lines.join('\\n') + '\\n' + pad + '}';
};
""",
    b"""\
const example = (given, depth = 0) => {
  const s = find(given), kind = [].concat(s.type || [])[0];
  if (s.default !== undefined) return s.default;
  if (s.example !== undefined) return s.example;
  if (s.examples) return s.examples[0];
  if (s.enum) return s.enum[0];
  if (s.anyOf) return example(s.anyOf[0], depth + 1);
  if (depth > 6) return null;
  if (s.properties) return Object.fromEntries(Object.entries(s.properties)
    .map(([name, part]) => [name, example(part, depth + 1)]));
  if (kind == 'array') return s.minItems ? [example(s.items || {}, depth + 1)] : [];
  return {integer: s.minimum || 0, number: s.minimum || 0, boolean: false, string: '',
    object: {}}[kind] ?? null;
};
""",
    b"""\
const send = async (form, method, path, result) => {
  const query = new URLSearchParams(), options = {method, headers: {}};
  for (const field of form.querySelectorAll('input')) {
    const p = field.parameter;
    if (p.in == 'path') path = path.replace('{' + p.name + '}', encodeURIComponent(field.value));
    else if (!field.value) continue;
    else if (p.in == 'header') options.headers[p.name] = field.value;
    else if (find(p.schema).type == 'array')
      for (const part of field.value.split(',')) query.append(p.name, part.trim());
    else query.append(p.name, field.value);
  }
  const body = form.querySelector('textarea');
  if (body) {
    options.body = body.value;
    options.headers['Content-Type'] = body.dataset.type;
  }
  const server = (api.servers || [])[0];
  const base = server ? new URL(server.url, where).href :
    new URL(document.documentElement.dataset.root, location).href;
  const url = base.replace(/\\/$/, '') + path + (query.size ? '?' + query : '');
  result.replaceChildren(make('p', 'Waiting', {className: 'quiet'}));
  try {
    const answer = await fetch(url, options);
    let text = await answer.text();
    try { text = JSON.stringify(JSON.parse(text), null, 2); } catch (e) { }
    result.replaceChildren(make('p', answer.status + ' ' + answer.statusText,
      {className: answer.ok ? 'good' : 'bad'}), make('p', url, {className: 'quiet'}));
    if (text) result.append(make('pre', text));
  } catch (error) {
    result.replaceChildren(make('p', error.message, {className: 'bad'}));
  }
};
""",
    b"""\
const operation = (method, path, o, common) => {
  const box = make('details', null, {id: o.operationId || ''}), line = make('summary');
  const form = make('form'), result = make('div', null, {ariaLive: 'polite'});
  if (o.deprecated) box.className = 'gone';
  line.append(make('b', method.toUpperCase()), make('code', path),
    make('span', o.summary, {className: 'quiet'}));
  if (o.description) form.append(make('p', o.description));
  const parameters = common.concat(o.parameters || []).map(find);
  if (parameters.length) form.append(make('h3', 'Parameters'));
  for (const p of parameters) {
    const s = p.schema || {}, label = make('label'), name = make('span');
    const field = make('input', null, {parameter: p, name: p.name, required: !!p.required,
      value: s.default ?? '', placeholder: p.in});
    const said = p.description || s.description;
    name.append(make('code', p.name), make('small', ' ' + type(s) +
      (p.required ? '' : ', optional') + (said ? ' \\u2014 ' + said : '')));
    label.append(name, field);
    form.append(label);
  }
  const content = Object.entries(find(o.requestBody).content || {});
  if (content.length) {
    const [kind, {schema}] = content[0];
    const text = JSON.stringify(example(schema || {}), null, 2);
    form.append(make('h3', 'Body: ' + kind), make('pre', shape(schema || {})),
      make('textarea', kind.includes('json') ? text : '', {ariaLabel: 'Body', spellcheck: false}));
    form.lastChild.dataset.type = kind;
  }
  form.append(make('button', 'Try it'), result, make('h3', 'Answers'));
  for (const [status, given] of Object.entries(o.responses || {})) {
    const answer = find(given), p = make('p');
    p.append(make('code', status), ' ' + answer.description);
    form.append(p);
    for (const [kind, {schema}] of Object.entries(answer.content || {})) {
      if (schema && status[0] == '2') form.append(make('pre', shape(schema)));
      else p.append(make('small', ': ' + (schema ? type(schema) : kind)));
    }
  }
  form.onsubmit = event => {
    event.preventDefault();
    send(form, method.toUpperCase(), path, result);
  };
  box.append(line, form);
  return box;
};
""",
    b"""\
const show = () => {
  const main = document.querySelector('main'), groups = new Map();
  main.replaceChildren(make('h1', api.info.title), make('small', 'Version ' + api.info.version));
  if (api.info.description) main.append(make('p', api.info.description));
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, o] of Object.entries(methods)) {
      if (method == 'parameters' || !o.responses) continue;
      const tag = (o.tags || [''])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(method, path, o, methods.parameters || []));
    }
  }
  for (const tag of [...groups.keys()].sort()) {
    main.append(make('h2', tag || 'Operations'), ...groups.get(tag));
  }
  const chosen = location.hash && document.getElementById(location.hash.slice(1));
  if (chosen) chosen.open = true;
};
fetch(where).then(answer => answer.json()).then(found => { api = found; show(); })
  .catch(error => document.querySelector('main').replaceChildren(
    make('p', 'The document cannot be read: ' + error.message, {className: 'bad'})));
</script>
""",
)


def page(title, root, document):
    """Yield the page.

    :param title: the name of the API.
    :param root: the address of the application, from the page.
    :param document: the address of its document.
    """
    data = 'data-root="' + root + '" data-document="' + _escape(document) + '"'
    yield '<!doctype html>\n<html lang="en" ' + data + '>\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<link rel="icon" href="data:,">\n<title>' + _escape(title) + '</title>\n'
    yield _STYLE
    yield '</head>\n<body>\n<main><p>Loading</p></main>\n'
    yield '<noscript>This page needs JavaScript.</noscript>\n'
    yield from _SCRIPT
    yield '</body>\n</html>\n'


def _escape(text):
    text = text.replace('&', '&amp;').replace('<', '&lt;')
    return text.replace('"', '&quot;')
