"""How a person sets up a board that has no network: see docs/wifi.md.

- `networks`: finds networks, tries one, saves it. It knows nothing of pages.
- `improv`: by the console, whose frames `frames` reads.
- `page`: by the access point; what runs while the access point is open; `html` is what it shows.
- `dns`: the name server that leads every name to the board.

`link` loads `page` when the access point opens, and it leaves the memory when that closes;
`startup` loads `improv`, which leaves it when nobody speaks it.
"""

import sys


def forget():
    """Let go of the modules in here; those in use stay where they are used."""
    for name in list(sys.modules):
        if name.partition('.')[0] == __name__:
            del sys.modules[name]
