"""Espressif's partition tables from the package that has them, where MicroPython looks for them."""

import os
import sys

sys.path.append(os.environ['STUB_IDF_PACKAGES'])
from esp_idf_defs.partitions import APP_TYPE, PartitionTable  # noqa: E402, F401
