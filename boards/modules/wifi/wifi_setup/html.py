"""What the set-up page shows. One page, nothing loaded beside it, nothing that needs a script."""

CSS = (
    ':root{color-scheme:light dark;--bg:#f5f6f8;--card:#fff;--text:#1b1f24;--dim:#5b6470;'
    '--line:#d5dae1;--key:#0b62d6;--on:#fff;--bad:#b3261e;--warn:#fff4d6}'
    '@media(prefers-color-scheme:dark){:root{--bg:#111418;--card:#1b2026;--text:#e8ebef;'
    '--dim:#a3adb9;--line:#39424d;--key:#7fb4ff;--on:#0b1520;--bad:#ff9d94;--warn:#3a3012}}'
    '*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--text);'
    'font:17px/1.45 system-ui,sans-serif}main{max-width:30rem;margin:auto;padding:1.2rem 1rem 3rem}'
    'h1{font-size:1.5rem;margin:.2rem 0 .6rem;overflow-wrap:anywhere}p{margin:.5rem 0}'
    'form,.card{background:var(--card);border:1px solid var(--line);border-radius:12px;'
    'padding:1rem;margin:1rem 0}fieldset{border:0;margin:0 0 1rem;padding:0}'
    'legend,.t{font-weight:600;padding:0;margin:0 0 .3rem;display:block}'
    '.n{display:flex;align-items:center;gap:.6rem;min-height:44px;'
    'border-bottom:1px solid var(--line)}.n span{flex:1;min-width:0;overflow-wrap:anywhere;'
    'white-space:pre-wrap}.n small,small{color:var(--dim)}.n input{flex:none;width:20px;'
    'height:20px;accent-color:var(--key)}meter{width:3rem;flex:none}'
    'input.f{width:100%;font:inherit;color:inherit;background:var(--bg);min-height:44px;'
    'border:1px solid var(--line);border-radius:8px;padding:.4rem .6rem;margin:0 0 1rem}'
    '.n+.f{margin-top:.6rem}button{font:inherit;min-height:48px;border-radius:8px;width:100%;'
    'padding:.4rem 1rem;border:1px solid var(--key);background:var(--key);color:var(--on);'
    'font-weight:600}'
    'button.s{background:none;color:var(--key);margin:.6rem 0 0;min-height:44px}'
    '.bad{color:var(--bad);font-weight:600}.warn{background:var(--warn);border-radius:8px;'
    'padding:.6rem .8rem}a{color:var(--key);overflow-wrap:anywhere}'
    ':focus-visible{outline:3px solid var(--key);outline-offset:2px}'
)
HEAD = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    '<title>%s</title><link rel="icon" href="data:,"><style>'
)
# Looks again every other second, also if an answer is lost while the radio changes its channel.
AGAIN = (
    '<noscript><meta http-equiv="refresh" content="2"></noscript><script>'
    'setInterval(()=>fetch(location.href).then(r=>r.text()).then(t=>{'
    'if(t.indexOf(\'id="trying"\')<0)location.reload()}).catch(()=>0),2000)</script>'
)
OPEN = (
    '<p class="warn">This access point has no password: whoever is near can read what you type '
    'here.</p>'
)
RADIO = '<label class="n"><input type="radio" name="ssid" value="%s"%s><span>%s%s</span>%s</label>'
METER = '<meter aria-hidden="true" min="-95" max="-45" value="%d" title="%d dBm"></meter>'
OTHER = (
    '<label class="n"><input type="radio" name="ssid" value=""%s><span>Another one, or a hidden '
    'one:</span></label><input class="f" name="other" value="%s" maxlength="32" '
    'aria-label="Name of another network" autocapitalize="none" autocorrect="off">'
)
FIELDS = (
    '</fieldset><label class="t" for="p">Its password</label>'
    '<input class="f" id="p" name="password" type="password" value="%s" maxlength="64" '
    'autocomplete="off" autocapitalize="none">'
    '<label class="t" for="n">Name of the board</label>'
    '<input class="f" id="n" name="name" value="%s" maxlength="32" autocomplete="off" '
    'autocapitalize="none" autocorrect="off"><button>Connect</button>'
    '<button class="s" name="scan" value="1">Search for networks again</button></form>'
    '<p><small>An open network has no password. These radios find networks on 2.4 GHz alone.'
    '</small></p>'
)
TRYING = (
    '<div class="card" role="status"><p id="trying"><b>Connecting to %s</b></p><p>This takes up to '
    '20 seconds. Stay in this Wi-Fi: what has come of it will be shown here.</p></div>'
)
JOINED = (
    '<div class="card" role="status"><p><b>The board has joined %s.</b></p>'
    '<p>Go back to that Wi-Fi, then open</p><p><a href="http://%s">http://%s</a></p>'
    '<p><small>or, if your system does not find that name:</small></p>'
    '<p><a href="http://%s">http://%s</a></p></div>'
    '<p>This access point closes in a minute.</p>'
)
REASONS = {  # by what `link` calls them
    'not found': 'was not found. Is it near, and on 2.4 GHz?',
    'refused: is the password right?': 'refused the password. Type it once more.',
    'the radio is busy or missing': 'could not be tried: the radio is busy. Try once more.',
}


def escape(text):
    for character, entity in ('&', '&amp;'), ('<', '&lt;'), ('>', '&gt;'), ('"', '&quot;'):
        text = text.replace(character, entity)
    return text


def reason(ssid, why):
    """Why a network could not be joined, in words."""
    words = 'gave no connection (%s). Is the password right?' % why
    return '%s %s' % (ssid, REASONS.get(why, words))


def joined(ssid, hosts, error):
    """The pieces of the good end.

    :param hosts: the name and the address of the board, with the port if it is not 80.
    :param error: what is wrong with it nevertheless.
    """
    if error:
        yield '<p class="bad" role="alert">%s</p>' % escape(error)
    name, address = hosts
    yield JOINED % (escape(ssid), name, name, address, address)


def page(title, *parts):
    """The pieces of a page; `parts` are made of escaped text."""
    yield HEAD % escape(title)
    yield CSS
    yield '</style></head><body><main><h1>%s</h1>' % escape(title)
    for part in parts:
        yield part
    yield '</main></body></html>'


def form(path, token, found, typed, error, is_open):
    """The pieces of the form.

    :param found: [(ssid, dBm, whether it is open)].
    :param typed: what the fields hold: a dictionary of ssid, other, password, name.
    :param error: what is wrong with it, `''` if nothing is.
    """
    chosen = typed['ssid']
    if is_open:
        yield OPEN
    if error:
        yield '<p class="bad" role="alert">%s</p>' % escape(error)
    yield '<form method="post" action="%s"><input type="hidden" name="token" value="%s">' % (
        path,
        token,
    )
    yield '<fieldset><legend>Wi-Fi network</legend>'
    if not found:
        yield '<p><small>None was found.</small></p>'
    for ssid, strength, is_free in found:
        text = escape(ssid)
        note = ' <small>open</small>' if is_free else ''
        checked = ' checked' if ssid == chosen else ''
        yield RADIO % (text, checked, text, note, METER % (strength, strength))
    listed = chosen in [ssid for ssid, _, _ in found]
    other = typed['other'] if listed or not chosen else chosen
    yield OTHER % (' checked' if other and not listed else '', escape(other))
    yield FIELDS % (escape(typed['password']), escape(typed['name']))
