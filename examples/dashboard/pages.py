"""The pages, as generators of text: a piece is made when the connection has room for it.

Whatever comes from outside passes through `escape`. The pages are complete without JavaScript;
`app.js` (in `assets.py`) keeps the numbers moving.
"""

from device import FACTS, MEMORY_NAME, MEMORY_NOTE

from utemplate.html import escape

WIDTH = 119  # of the chart, in samples
OUTSIDE = 3  # samples beyond its edges, where the outline of the area is not seen
PIECE = 256

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
"""

TOP = """<script src="/app.js" defer></script>
</head>
<body>
<header>
<svg id="lamp" class="{lamp}" viewBox="0 0 48 48" aria-hidden="true">
<circle class="glow" cx="24" cy="24" r="23" fill="{color}"/>
<circle class="bulb" cx="24" cy="24" r="13" fill="{color}"/>
</svg>
<div>
<h1 id="name">{name}</h1>
<p class="quiet"><span>{runtime}</span> <span>LED <span id="lamp-text">{lamp}</span></span></p>
</div>
<p id="live" class="badge" role="status">Snapshot</p>
</header>
<main>
"""

TILES = """<section class="tiles" aria-label="At a glance">
<div class="card tile"><h2>Uptime</h2><p id="uptime">{uptime}</p></div>
<div class="card tile"><h2>{memory_name}</h2><p id="used">{used}</p>
<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
<rect id="bar" width="{percent}" height="1"/></svg></div>
<div class="card tile"><h2>Free heap</h2><p id="free">{free}</p></div>
<div class="card tile"><h2>Requests served</h2><p id="total">{total}</p></div>
</section>
"""

CHART = """<section class="card chart" aria-labelledby="chart-title">
<div class="row">
<h2 id="chart-title">{memory_name}</h2>
<p class="quiet" id="range">{least} to {most}</p>
</div>
<figure>
<span class="scale">{scale}</span>
<span class="scale half">{half}</span>
<svg viewBox="0 0 {width} 100" preserveAspectRatio="none" role="img"
 aria-labelledby="chart-title range">
<path d="M0 0H{width}M0 50H{width}M0 100H{width}"/>
<polygon id="line" points="{corner},120 """

CHART_END = """{corner},120"/>
</svg>
</figure>
<div class="row quiet time"><span>2 minutes ago</span><span>now</span></div>
<div class="row quiet"><p>{note}</p><a href="/api/memory.csv" download>Download as CSV</a></div>
</section>
"""

FORM = """<section class="card" aria-labelledby="form-title">
<h2 id="form-title">Settings</h2>
<form method="post" action="/">
{note}<label for="name-field">Device name</label>
<input id="name-field" name="name" value="{name}" required maxlength="24" autocomplete="off"
 aria-describedby="name-hint">
<p class="quiet" id="name-hint">1 to 24 characters</p>
<div class="row">
<label class="switch"><input type="checkbox" name="led"{checked}> LED on</label>
<label class="color">Color <input type="color" name="color" value="{color}"></label>
</div>
<button>Save</button>
</form>
</section>
"""

LOG = """<section class="card log" aria-labelledby="log-title">
<div class="row"><h2 id="log-title">Last requests</h2>
<p class="quiet">newest first, time since start</p></div>
<table>
<thead><tr><th scope="col">Time</th>
<th scope="col"><div class="request"><span>Request</span><small>Client</small></div></th>
<th scope="col">Status</th><th scope="col">Times</th></tr></thead>
<tbody id="log">
"""

ROW = """<tr class="s{}"><td class="v">{}</td>
<td><div class="request"><span><b class="v">{}</b> <span class="v">{}</span></span>
<small class="v">{}</small></div></td>
<td class="v status">{}</td><td class="v">{}</td></tr>
"""

LOG_END = """</tbody>
</table>
<template id="row">{row}</template>
</section>
<section class="card facts" aria-labelledby="facts-title">
<h2 id="facts-title">Runtime</h2>
<dl>
"""

FACT = '<div><dt>{}</dt><dd>{}</dd></div>\n'

END = """</dl>
</section>
</main>
<noscript><p class="quiet">Without JavaScript this page is a snapshot: <a href="/">load it again</a>
for fresh numbers.</p></noscript>
</body>
</html>
"""

ERROR = """</head>
<body class="error">
<main class="card">
<p class="quiet">{name}</p>
<h1>{code}</h1>
<p>{text}</p>
<p><a class="button" href="/">Back to the dashboard</a></p>
</main>
</body>
</html>
"""


def note(error, saved):
    """What the form says about itself: what is wrong with it, or that it was saved."""
    if error:
        return '<p class="alert" role="alert">' + escape(error) + '</p>\n'
    return '<p class="done" role="status">Saved.</p>\n' if saved else ''


def dashboard(settings, uptime, memory, samples, requests, form, note):
    """The page; `form` is what the fields hold, `note` what is said above them."""
    used, total, scale = memory
    name = escape(settings['name'])
    yield HEAD.format(title=name)
    yield TOP.format(
        name=name,
        color=settings['color'],
        lamp='on' if settings['led'] else 'off',
        runtime=escape(FACTS[0][1] + ' ' + FACTS[1][1]),
    )
    yield TILES.format(
        uptime=duration(uptime),
        memory_name=MEMORY_NAME,
        used=size(used),
        percent=100 * used // total if total else 0,
        free=size(total - used) if total else 'as needed',
        total=requests.total,
    )
    yield from chart(samples, scale)
    yield FORM.format(
        note=note,
        name=escape(form['name']),
        checked=' checked' if form['led'] else '',
        color=escape(form['color']),
    )
    yield LOG
    for seconds, method, path, client, code, times in requests.rows:
        method, path = escape(method), escape(path)
        yield ROW.format(code // 100, duration(seconds), method, path, client, code, times)
    yield LOG_END.format(row=ROW.format('', '', '', '', '', '', ''))
    for key, value in FACTS:
        yield FACT.format(key, escape(value))
    yield END


def chart(samples, scale):
    """The chart, its newest sample at the right edge."""
    least, most = samples.range()
    offset = WIDTH + 1 - samples.count
    yield CHART.format(
        memory_name=MEMORY_NAME,
        width=WIDTH,
        corner=offset if offset > 0 else -OUTSIDE,
        least=size(least),
        most=size(most),
        scale=size(scale),
        half=size(scale // 2),
    )
    for number, used in samples.items():
        yield '%d,%.1f ' % (number + offset, 100 - 100 * used / scale)
    yield CHART_END.format(corner=WIDTH + OUTSIDE, note=MEMORY_NOTE)


def error(name, code, text):
    yield HEAD.format(title=code)
    yield ERROR.format(name=escape(name), code=code, text=text)


def pieces(parts):
    """Text in parts of any size, put together to pieces that are worth a packet."""
    piece = []
    length = 0
    for part in parts:
        piece.append(part)
        length += len(part)
        if length >= PIECE:
            yield ''.join(piece)
            piece = []
            length = 0
    yield ''.join(piece)


def size(number):
    """A number of bytes for people: `84.1 KiB`."""
    if number < 1048576:
        return '%.1f KiB' % (number / 1024)
    return '%.1f MiB' % (number / 1048576)


def duration(seconds):
    """A number of seconds for people: `0:02:17`, `3 d 4:05:06`."""
    days, seconds = divmod(seconds, 86400)
    text = '%d:%02d:%02d' % (seconds // 3600, seconds // 60 % 60, seconds % 60)
    return '%d d %s' % (days, text) if days else text
