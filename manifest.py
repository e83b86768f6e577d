# What a MicroPython firmware includes to have the framework frozen in: see boards/README.md.
# opt=3 leaves out asserts and line numbers, which cost flash and RAM.

metadata(description='A web framework that fits a microcontroller', version='0.1.0', license='MIT')

package(
    'microdot',
    (
        '__init__.py',
        'application.py',
        'auth.py',
        'body.py',
        'compat.py',
        'compat_late.py',
        'cookies.py',
        'cors.py',
        'csrf.py',
        'datastructures.py',
        'errors.py',
        'exchange.py',
        'files.py',
        'framing.py',
        'handling.py',
        'heads.py',
        'helpers.py',
        'http1.py',
        'lifecycle.py',
        'microdot.py',
        'parsing.py',
        'registering.py',
        'request.py',
        'responding.py',
        'response.py',
        'routing.py',
        'server.py',
        'status.py',
        'urlcoding.py',
    ),
    base_path='lib',
    opt=3,
)
