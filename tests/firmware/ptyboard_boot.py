"""What MicroPython's unix port runs to stand in for a board: see ptyboard.

    micropython -i ptyboard_boot.py FOLDER BLOCKS MPY MACHINE MAIN

Mounts a littlefs of BLOCKS blocks, kept in FOLDER/flash.bin, in place of the host's file system,
and the ROMFS in FOLDER/rom.bin; says to be MACHINE with the .mpy version MPY (0: its own); then
runs boot.py and, if MAIN is `main`, main.py.
"""

import os
import sys

import vfs

folder, blocks, mpy, machine, started = sys.argv[1:]
READY = '<ready>'  # a program of the board runs, which a Ctrl-C may end
BLOCK = 4096
ROM = 196608


def kept(name, size):
    """Open a file of the host that stands for a memory of that size. Before it is out of reach."""
    name = folder + '/' + name
    try:
        return open(name, 'r+b')
    except OSError:
        with open(name, 'wb') as file:
            for _ in range(size // BLOCK):
                file.write(b'\xff' * BLOCK)
        return open(name, 'r+b')


class Flash:
    """A block device in a file of the host, which a reset does not empty."""

    def __init__(self, file, count):
        self.file = file
        self.count = count

    def readblocks(self, number, buffer, offset=0):
        self.file.seek(number * BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, number, buffer, offset=0):
        self.file.seek(number * BLOCK + offset)
        self.file.write(buffer)
        self.file.flush()

    def ioctl(self, operation, argument):
        if operation == 6:
            self.writeblocks(argument, b'\xff' * BLOCK)
        return {4: self.count, 5: BLOCK}.get(operation, 0)


class Rom:
    """The partition for ROMFS, as `vfs.rom_ioctl` of a board serves it."""

    def __init__(self, file):
        self.file = file
        self.memory = bytearray(ROM)
        file.readinto(self.memory)

    def ioctl(self, operation, number=0, *arguments):
        if operation == 1:
            return 1
        if number != 0:
            return -22
        if operation == 2:
            return memoryview(self.memory)
        if operation == 4:
            offset, data = arguments
            self.memory[offset : offset + len(data)] = data
        if operation == 5:
            self.file.seek(0)
            self.file.write(self.memory)
            self.file.flush()
        return {3: 16, 4: 0, 5: 0, 6: BLOCK}.get(operation, -22)


class Instead:
    """A module with some names changed."""

    def __init__(self, module, **changed):
        for name in dir(module):
            if not name.startswith('__'):
                setattr(self, name, getattr(module, name))
        for name in changed:
            setattr(self, name, changed[name])


own = sys.implementation
said = Instead(own, _mpy=int(mpy) or own._mpy, _machine=machine)
rom = Rom(kept('rom.bin', ROM))
sys.modules['vfs'] = Instead(vfs, rom_ioctl=rom.ioctl)
sys.modules['sys'] = Instead(sys, implementation=said)

flash = Flash(kept('flash.bin', int(blocks) * BLOCK), int(blocks))
vfs.umount('/')
try:
    vfs.mount(vfs.VfsLfs2(flash), '/')
except OSError:
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash), '/')
sys.path[:] = ['', '.frozen', '/lib']
try:
    vfs.mount(vfs.VfsRom(memoryview(rom.memory)), '/rom')
    sys.path.extend(['/rom', '/rom/lib'])
except OSError:
    pass  # nothing there yet
os.chdir('/')


def start(name):
    for folder in ('', '/rom'):
        for ending in ('.py', '.mpy'):
            try:
                os.stat(folder + '/' + name + ending)
            except OSError:
                continue
            sys.path.insert(0, folder)
            print(READY)
            return __import__(name, None, None, False)  # as `__main__`


start('boot')
if started == 'main':
    start('main')
