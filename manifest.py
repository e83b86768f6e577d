# What a MicroPython firmware includes to have the framework frozen in: see docs/firmware.md.
#
#     include('/path/to/manifest.py')                                     everything
#     include('/path/to/manifest.py', sse=False, opt=2)                   without an extension
#     include('/path/to/manifest.py', extensions=False, websocket=True)   the core and one
#
# A frozen module takes flash; it takes memory only once it is imported.

# No metadata(): MicroPython's build would write a `__version__` into every module for it.

import os

CORE = (
    '__init__.py',
    'after.py',
    'application.py',
    'chunked.py',
    'compat.py',
    'compat_rare.py',
    'compat_topics.py',
    'connection.py',
    'cookies.py',
    'dispatching.py',
    'helpers.py',
    'hosts.py',
    'http1.py',
    'jsontext.py',
    'lifespan.py',
    'lines.py',
    'microdot.py',
    'registry.py',
    'request.py',
    'response.py',
    'routing.py',
    'server.py',
    'streaming.py',
    'targets.py',
    'urlencoded.py',
    'vary.py',
)

# Option: the modules of an extension.
EXTENSIONS = {
    'auth': ('auth.py',),
    'cors': ('cors.py',),
    'csrf': ('csrf.py',),
    'debug': ('debug.py',),
    'guard': ('guard.py',),
    'health': ('access_log.py', 'health.py'),
    'login': ('login.py',),
    'mqtt': ('homeassistant.py', 'mqtt.py', 'mqtt_packets.py'),
    'multipart': ('multipart.py',),
    'openapi': (
        'openapi.py',
        'openapi_document.py',
        'openapi_page.py',
        'openapi_schema.py',
    ),
    'session': ('jwt_hs256.py', 'session.py'),
    'sse': ('sse.py',),
    'static': ('ranges.py', 'static.py'),
    'templates': ('utemplate.py',),
    'topics': ('topics.py',),
    'update': ('p256.py', 'update.py', 'update_esp32.py', 'update_page.py'),
    'websocket': ('websocket.py', 'websocket_handshake.py'),
}

# Extension: another one that cannot do without it.
NEEDED_BY = {'csrf': 'update', 'session': 'login', 'sse': 'topics'}

options.defaults(
    extensions=True,  # what the options of EXTENSIONS are unless given
    app=None,  # a folder with modules of an application: absolute, or from here
    opt=3,  # 3 leaves out asserts and line numbers, which cost flash and memory; 0 keeps them
)

OTHERS = ('extensions', 'app', 'opt')
for name in options._kwargs or ():
    if name not in EXTENSIONS and name not in OTHERS:
        raise ValueError('%s: no such option' % name)


def wanted(name):
    chosen = getattr(options, name)
    return options.extensions if chosen is None else chosen


def modules_in(folder):
    # Sorted: the order that a file system happens to have would make another firmware.
    found = []
    for path, _, names in os.walk(folder):
        found += [os.path.relpath(os.path.join(path, n), folder) for n in names if n[-3:] == '.py']
    return tuple(sorted(found))


modules = list(CORE)
for extension in EXTENSIONS:
    if wanted(extension) or wanted(NEEDED_BY.get(extension, extension)):
        modules.extend(EXTENSIONS[extension])

package('microdot', tuple(sorted(modules)), base_path='lib', opt=options.opt)
if wanted('templates'):
    package('utemplate', modules_in('lib/utemplate'), base_path='lib', opt=options.opt)
if options.app:
    freeze(options.app, modules_in(options.app), opt=options.opt)
