"""The emulated board that `make run BOARD=...` serves on, as other programs find it.

It holds a lock in build/run/BOARD as long as it runs, and says in the files `console` and `url`
where it can be reached.
"""

import contextlib

from microdot_kit import steps
from microdot_kit.steps import Failure


def folder(board):
    return steps.BUILD / 'run' / board


@contextlib.contextmanager
def only_one(board):
    """Be the running board; Failure if one with the same flash runs already."""
    folder(board).mkdir(parents=True, exist_ok=True)
    with open(folder(board) / 'lock', 'w') as held:
        if not steps.lock(held):
            raise Failure(
                f'{board} runs already: stop it in its terminal, or talk to it: '
                f'make repl BOARD={board}'
            )
        yield


@contextlib.contextmanager
def announced(board, console, url):
    """Let other programs find the running board until the end of the block."""
    found = {'console': console, 'url': url}
    for name, text in found.items():
        (folder(board) / name).write_text(text + '\n')
    try:
        yield
    finally:
        for name in found:
            (folder(board) / name).unlink(missing_ok=True)


def runs(board):
    """Whether a board of that name is running."""
    try:
        with open(folder(board) / 'lock', 'rb') as held:
            return not steps.lock(held, shared=True)
    except OSError:
        return False


def find(board):
    """(console, URL) of the running board; Failure if none runs, or it is still starting."""
    if not runs(board):
        raise Failure(
            f'No emulated board runs: make run BOARD={board} in another terminal, or PORT=port'
        )
    try:
        return tuple((folder(board) / name).read_text().strip() for name in ('console', 'url'))
    except OSError:
        raise Failure(f'{board} is only just starting: try again') from None
