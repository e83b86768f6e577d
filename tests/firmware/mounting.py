"""Mounts partitions of an image on MicroPython's unix port and uses what is in them."""

import subprocess

from microdot_kit import runtimes

MOUNT = """
import sys, vfs
class Flash:
    def __init__(self, data):
        self.data = data
    def readblocks(self, n, buffer, offset=0):
        at = n * 4096 + offset
        buffer[:] = self.data[at : at + len(buffer)]
    def writeblocks(self, n, buffer, offset=0):
        at = n * 4096 + offset
        self.data[at : at + len(buffer)] = buffer
    def ioctl(self, op, argument):
        if op == 6:
            self.data[argument * 4096 : (argument + 1) * 4096] = b'\\xff' * 4096
        return len(self.data) // 4096 if op == 4 else 4096 if op == 5 else 0
def read(name):
    with open(name, 'rb') as file:
        return bytearray(file.read())
storage = Flash(read(sys.argv[1]))
sys.path[:] = ['.frozen', '/flash', '/flash/lib']
if len(sys.argv) > 2:
    rom = read(sys.argv[2])
vfs.mount(vfs.VfsLfs2(storage), '/flash')
if len(sys.argv) > 2:
    vfs.mount(vfs.VfsRom(memoryview(rom)), '/rom')
    sys.path.extend(['/rom', '/rom/lib'])
"""
USE = """
import os, asyncio
import microdot, microdot.server, utemplate.compiled
print(microdot.__file__)
print(sorted(os.listdir('/flash')))
with open('/flash/note.txt', 'w') as file:
    file.write('kept')
vfs.umount('/flash')
vfs.mount(vfs.VfsLfs2(storage), '/flash')
print(open('/flash/note.txt').read(), len(storage.data) // 4096, os.statvfs('/flash')[2])
import helper
print(helper.answer)
"""


def micropython(folder, parts):
    """Run USE on MicroPython with the partitions mounted; return the lines it prints."""
    script = folder / 'mount.py'
    script.write_text(MOUNT + USE)
    paths = []
    for name in ('vfs', 'romfs'):
        if name in parts:
            paths.append(folder / f'{name}.bin')
            paths[-1].write_bytes(parts[name])
    command = [*runtimes.micropython_command('32M'), script, *paths]
    ended = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.splitlines()
