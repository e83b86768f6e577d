"""Looks at what a make with BOARD= or APP= was asked for, before anything is installed or awaited.

    python3 tools/preflight.py BOARD [TARGET ...] [--app FOLDER] [--micropython FOLDER]
        [--image FILE]

An application or a board that does not exist, or not for these targets, ends with what is needed
and exit status 1. Without a board, an empty word, only the application is looked at. A first build
says what it takes. Needs the standard library alone.
"""

import argparse
import os
import sys

import install
from firmware import esp32, ports, sources
from microdot_kit import application, boards, run, steps

# What the first build for a port takes on two cores, with what it installs: (time, MB of build).
# .venv grows to about 460 MB.
FIRST = {'unix': ('a minute', 190), 'rp2': ('two to five minutes', 440)}
# The targets that take APP=.
APPLICATIONS = {'run', 'firmware', 'image', 'flasher', 'romfs', 'deploy', 'update'}


def options(arguments):
    parser = argparse.ArgumentParser(prog='preflight.py', description='Look before a build.')
    parser.add_argument('board', metavar='BOARD')
    parser.add_argument('targets', nargs='*', metavar='TARGET', help='of the Makefile')
    parser.add_argument('--reload', action='store_true', help='as RELOAD=1 asks')
    parser.add_argument('--app', default='')
    parser.add_argument('--micropython', default='')
    parser.add_argument('--image', default='', help='what is run in place of a built firmware')
    return parser.parse_args(arguments)


def check(chosen):
    """Raise Failure if the targets cannot be made of the application, or for the board."""
    builds = {'run', 'soak'} & set(chosen.targets) and not chosen.image
    builds = chosen.board and (builds or 'firmware' in chosen.targets)
    if chosen.board:
        check_board(chosen, boards.find(chosen.board), builds)
    if chosen.app and APPLICATIONS & set(chosen.targets):
        check_app(chosen)
    if builds:
        tell(chosen.board, boards.find(chosen.board))


def check_board(chosen, facts, builds):
    if {'run', 'soak'} & set(chosen.targets) and not facts['emulated']:
        raise steps.Failure(
            f'{chosen.board} cannot be emulated: make run BOARD=rpi_pico, or without BOARD='
        )
    if 'run' in chosen.targets and chosen.reload:
        raise steps.Failure('RELOAD=1 is not for an emulated board: leave out BOARD=')
    if builds:
        check_build(chosen, facts)
    if chosen.image and not os.path.isfile(chosen.image):
        raise steps.Failure(f'IMAGE={chosen.image}: no such file')


def check_app(chosen):
    if 'run' in chosen.targets and not chosen.board:
        run.application_file(chosen.app)  # or NAME in it
    else:
        application.main_file(chosen.app)


def check_build(chosen, facts):
    idf = os.environ.get('IDF_DOCKER', '') not in ('', '0') or os.environ.get('IDF_PATH')
    if facts['port'] == 'esp32' and not (idf and chosen.micropython):
        raise steps.Failure(esp32.need(chosen.board, facts))
    ports.check_place(steps.FIRMWARE)
    if facts['sources'] == 'checkout' and not chosen.micropython:
        if 'firmware' in chosen.targets:
            raise sources.need_checkout(chosen.board, facts)
        if not (steps.FIRMWARE / chosen.board / 'firmware.uf2').exists():
            raise sources.need_image(chosen.board)


def tell(board, facts):
    """Say what the first build for a board takes; nothing before others."""
    built = (steps.FIRMWARE / 'work' / f'{board}.key').exists()
    if not built and facts['port'] in FIRST:
        time, size = FIRST[facts['port']]
        steps.say(
            f'The first firmware for {board} takes {time}, {size} MB in build and 460 MB in .venv'
        )


def main(arguments):
    chosen = options(arguments)
    install.check_python()
    try:
        check(chosen)
    except steps.Failure as exc:
        sys.exit(str(exc))


if __name__ == '__main__':
    main(sys.argv[1:])
