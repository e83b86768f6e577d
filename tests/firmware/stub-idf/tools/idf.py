#!/usr/bin/env python3
"""Stands in for ESP-IDF's idf.py: it configures, but what it "compiles" is in a MicroPython image.

    idf.py [-D NAME=value]... -B FOLDER build

CMake is run as ESP-IDF would, with the stand-in of its project.cmake. Boot loader and firmware are
those of the image that STUB_IDF_IMAGE names; the partition table is made of the board's.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.append(os.environ['STUB_IDF_PACKAGES'])
from esp_idf_defs.partitions import PartitionTable  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument('-D', dest='defined', action='append', default=[])
parser.add_argument('-B', dest='build', type=Path)
parser.add_argument('action', choices=['build'])
chosen = parser.parse_args()

defined = [f'-D{entry.strip()}' for entry in chosen.defined]
subprocess.run(['cmake', '-S', '.', '-B', chosen.build, *defined], check=True)

lines = (chosen.build / 'sdkconfig.combined').read_text()
resolved = dict(line.split('=', 1) for line in open(chosen.build / 'resolved.txt'))
target = resolved['IDF_TARGET'].strip() or 'esp32'
offset = 0x1000 if target == 'esp32' else 0
config = f'CONFIG_IDF_TARGET="{target}"\nCONFIG_BOOTLOADER_OFFSET_IN_FLASH={offset:#x}\n'
(chosen.build / 'sdkconfig').write_text(config)

*_, table = re.findall(r'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="(.*)"', lines)
partitions = PartitionTable.from_csv(Path(table).read_text())
partitions.verify()
image = Path(os.environ['STUB_IDF_IMAGE']).read_bytes()
made = {
    'bootloader/bootloader.bin': image[: 0x8000 - 0x1000].rstrip(b'\xff'),
    'partition_table/partition-table.bin': partitions.to_binary(),
    'micropython.bin': image[0x10000 - 0x1000 :],
    'micropython.elf': b'',
}
for name, data in made.items():
    path = chosen.build / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
