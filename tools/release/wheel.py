"""For the wheel, while hatchling builds it: the framework that the command puts onto boards.

It is apart from what else pip has installed, so that MicroPython finds that alone, and without the
types (.pyi), which no board reads: hatchling includes a folder whole or, file by file, only once.
"""

import shutil
import tempfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TYPES = shutil.ignore_patterns('*.pyi', 'py.typed', '__pycache__')


class Hook(BuildHookInterface):
    """What `[tool.hatch.build.targets.wheel.hooks.custom]` of pyproject.toml names."""

    def initialize(self, version, build_data):
        self.copy = tempfile.TemporaryDirectory()
        for package in ('microdot', 'utemplate'):
            copied = Path(self.copy.name) / package
            shutil.copytree(Path(self.root) / 'lib' / package, copied, ignore=TYPES)
            build_data['force_include'][str(copied)] = f'microdot_kit/data/lib/{package}'

    def finalize(self, version, build_data, artifact_path):
        self.copy.cleanup()
