"""What the measured applications may cost: ceilings, which tests hold, and what is wanted.

A figure is named by program, form and what it says: `page mpy end` is the heap in use at the end of
the steps of `programs/page.py` from `.mpy`. All are bytes, unless a ratio."""

# The highest figures that are accepted. A change that needs more says why, and raises them here.
CEILINGS = {
    'core hello': 25_750,
    'core end': 30_650,
    'page mpy end': 93_800,
    'page mpy growth': 9_300,  # 8,864, on a busy computer up to 9,248
    'page mpy smallest': 104 * 1024,
    'page py end': 106_000,
    'page py smallest': 145 * 1024,
    'page frozen end': 44_200,
    'page frozen smallest': 54 * 1024,  # it scatters: 51 to 53
    'live mpy end': 110_900,
    'live mpy smallest': 130 * 1024,
    'live py smallest': 154 * 1024,
    'live frozen end': 48_200,
    'live frozen smallest': 66 * 1024,
    'sessions mpy end': 114_400,
    'basic 32-bit kept': 46_700,
    'page 32-bit kept': 61_200,
    'page rp2040-frozen end': 36_200,
    'page rp2040-frozen least': 34 * 1024,  # it scatters
    'page rp2040-mpy end': 84_000,
    'page rp2040-mpy least': 88 * 1024,  # it scatters: 75 to 86
}
# Figure: its title, what is wanted, what would be better still.
MEMORY = {
    'core hello': ('core .mpy, without what loads late', 22_000, 19_000),
    'core end': ('core .mpy, with it', 24_500, 21_000),
    'page mpy smallest': ('smallest heap, .mpy', 88 * 1024, 80 * 1024),
    'page frozen smallest': ('smallest heap, frozen', 50 * 1024, 44 * 1024),
    'page mpy end': ('heap in use at the end, .mpy', 83_000, 74_000),
    'page frozen end': ('heap in use at the end, frozen', 42_000, 37_000),
    'page mpy growth': ('growth after the hello, .mpy', 1_000, 0),
    'basic 32-bit kept': ('heap kept by the core, 32 bit, .mpy', 36_000, 29_000),
    'page rp2040-frozen least': ('RP2040: least free heap, frozen', 21 * 1024, 18 * 1024),
    'page rp2040-mpy least': ('RP2040: least free heap, .mpy', 42 * 1024, 34 * 1024),
}
TIME = {  # times that of what it stands beside
    'rp2040-frozen page own worst': ('RP2040, frozen, the worst of the page', 0.9, 0.7),
    'rp2040-frozen live own worst': ('RP2040, frozen, the worst of the others', 0.95, 0.75),
    'micropython page own worst': ('MicroPython, own connection, worst', 0.75, 0.55),
    'cpython page own worst': ('CPython, own connection, worst', 0.95, 0.7),
    'micropython page persistent worst': ('MicroPython, persistent, worst', 0.65, 0.5),
    'cpython page persistent worst': ('CPython, persistent, worst', 0.6, 0.45),
    'uvicorn persistent worst': ('uvicorn, beside Starlette, persistent, worst', 1.0, 0.9),
    'gunicorn persistent worst': ('gunicorn, beside Bottle, persistent, worst', 1.3, 1.1),
    'micropython hello own raw': ('MicroPython, hello beside the raw server', 2.0, None),
    'cpython hello own raw': ('CPython, hello beside the raw server', 1.5, None),
}


def of(form):
    """The names of the ceilings of a form."""
    return {name for name in CEILINGS if name.split()[1] == form}


def over(figures):
    """One line for each of these figures that is above its ceiling."""
    return [
        f'{name}: {figures[name]:,} bytes, {figures[name] - ceiling:,} over its ceiling'
        for name, ceiling in CEILINGS.items()
        if figures.get(name, 0) > ceiling
    ]


def rows(targets, ours, reference):
    """A row for each target: title, our figure, the reference's, the targets, whether it is
    reached; without what was not measured."""
    for name, (title, wanted, beyond) in targets.items():
        if name in ours:
            reached = 'beyond' if beyond is not None and ours[name] <= beyond else ''
            reached = reached or ('yes' if ours[name] <= wanted else 'no')
            yield [title, ours[name], reference.get(name), wanted, beyond, reached]
