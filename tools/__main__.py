"""Runs a module of these folders: `python3 tools measure.size --quick`. README.md lists them."""

import os
import runpy
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.abspath(__file__))
    if len(sys.argv) < 2:
        sys.exit(
            'Name a module, such as testing, measure.size or microdot_kit: see tools/README.md'
        )
    from microdot_kit import runtimes

    runtimes.check_python()
    del sys.argv[0]
    try:
        runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
    except KeyboardInterrupt:
        sys.exit('Interrupted')
