"""Heap that importing the frozen framework keeps, measured on the very image in an emulator.

Each figure is that of a fresh start and counts from a board whose network and asyncio are loaded,
which any server needs.
"""

import asyncio

from microdot_kit.steps import Failure, say

SECONDS = 120  # that a slow machine may take for a figure
NAMES = 'Microdot, Request, Response, abort, redirect, send_file'
STEPS = {
    'heap kept by importing the core': 'from microdot import Microdot',
    '... and names seldom needed': f'from microdot import {NAMES}',
}
# Everything is compiled before the first figure is taken.
PROGRAM = """
import asyncio, asyncio.core, asyncio.event, asyncio.funcs, asyncio.lock, asyncio.stream
import gc, network, socket
def measure():
    gc.collect()
    before = gc.mem_free()
    print(before)
{steps}
measure()
"""
STEP = """
    {step}
    gc.collect()
    print(before - gc.mem_free())
"""


def measure(job, folder):
    """{what: bytes of heap}, None for a board that no emulator runs."""
    if not job.facts['emulated']:
        return None
    say('Measuring what importing keeps')
    program = PROGRAM.format(steps=''.join(STEP.format(step=s) for s in STEPS.values()))
    printed = asyncio.run(execute(folder / 'firmware.uf2', program))
    try:
        free, *kept = (int(word) for word in printed.split())
    except ValueError:
        raise Failure(f'The firmware does not run: {printed[-200:]!r}') from None
    return {'heap free before': free, **dict(zip(STEPS, kept))}


async def execute(image, program):
    """What a program prints that is executed on the image by its raw prompt."""
    try:
        from rp2040py.boards import BOARDS, resolve_firmware
        from rp2040py.device import MicroPythonDevice
    except ImportError:
        raise Failure('rp2040py is not installed: make .venv/stamps/firmware') from None
    board = resolve_firmware(BOARDS['pico'], 'micropython', str(image))
    device = MicroPythonDevice(board=board)
    try:
        await device.astart(SECONDS)
        output, error = await device.aexec(program, SECONDS)
    except TimeoutError:
        raise Failure('The firmware does not start: no prompt in the emulator') from None
    finally:
        device.stop()
    return (output + error).decode(errors='replace')
