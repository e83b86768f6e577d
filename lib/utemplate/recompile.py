"""The loader that compiles templates again after a change."""

import os
from binascii import crc32

from . import check_name, compiled, source


class Loader(source.Loader):
    """Loads templates, and compiles those that are missing or have changed.

    A change shows in the size or the time of the file while the program runs; at the first load
    in its checksum too, as the clock of a board may not be set. Without a template, its compiled
    module will do. The parameters and errors are those of ``source.Loader``.
    """

    def __init__(self, pkg, dir, autoescape=False):
        super().__init__(pkg, dir, autoescape)
        self.seen = {}

    def load(self, name):
        check_name(name)
        seen = None
        try:
            info = os.stat(self.dir + '/' + name)
            seen = info[6], getattr(info, 'st_mtime_ns', info[8])
        except OSError:
            pass
        if self.seen.get(name) != seen:
            self.loaded.pop(name, None)
        render = super().load(name)
        self.seen[name] = seen
        return render

    def fits(self, names, name):
        digest = self.digest(name)
        same = digest is None or names.get(compiled.MARK, ())[3:] == digest
        return same and super().fits(names, name)

    def digest(self, name):
        """Return (size, checksum) of a template, ``None`` if there is none."""
        size = crc = 0
        try:
            with open(self.dir + '/' + name, 'rb') as f:
                while True:
                    data = f.read(512)
                    if not data:
                        return size, crc
                    size += len(data)
                    crc = crc32(data, crc)
        except OSError:
            return None
