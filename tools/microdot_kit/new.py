"""Makes a small application to begin with: a page with a lamp, and its test.

    microdot-kit new FOLDER

The folder must not be there yet, or be empty. What is in it is `starter`, beside this file; the
page has the name of the folder.
"""

import argparse
import html
import shlex
import shutil
from pathlib import Path

from microdot_kit import runtimes, words
from microdot_kit.steps import Failure, exit_status

STARTER = runtimes.KIT / 'starter'
TITLE = 'My board'
TITLED = ('README.md', 'static/index.html')
# Not in `starter` itself, where git would heed it.
IGNORED = 'network.json\n__pycache__/\nbuild/\n'


def options(arguments):
    parser = argparse.ArgumentParser(prog='microdot-kit new', description='Make an application.')
    parser.add_argument('folder', metavar='FOLDER', type=Path, help='a new one, or an empty one')
    return parser.parse_args(arguments)


def make(chosen):
    folder = chosen.folder
    if folder.is_dir() and any(folder.iterdir()):
        raise Failure(f'{folder}: has something in it: name a new folder')
    if folder.exists() and not folder.is_dir():
        raise Failure(f'{folder}: is a file: name a new folder')
    ignored = shutil.ignore_patterns('__pycache__')
    shutil.copytree(STARTER, folder, dirs_exist_ok=True, ignore=ignored)
    (folder / '.gitignore').write_text(IGNORED)
    for name in TITLED:
        text = (folder / name).read_text(encoding='utf-8')
        title = html.escape(folder.resolve().name or TITLE)
        (folder / name).write_text(text.replace(TITLE, title), encoding='utf-8')
    then = words.said(f'make run APP={shlex.quote(str(folder))}')
    print(f'{folder} has an application. Next: {then}')


def main(arguments):
    return exit_status(make, options(arguments))
