"""`frame(number)`: a JPEG picture of two warm spots that wander, in place of a camera.

The encoder is as small as one can be: a gray level for each block of 8 by 8 pixels, which is the
only coefficient of the block. For each it writes 4 bits with the size of the difference from the
block before, as many bits with the difference, and a zero that ends the block.
"""

import math

COLUMNS, ROWS = 32, 24  # blocks


def segment(marker, data):
    return bytes((255, marker)) + (len(data) + 2).to_bytes(2, 'big') + data


HEAD = (
    b'\xff\xd8'
    + segment(0xDB, b'\x00' + b'\x10' * 64)  # all coefficients are multiples of 16
    + segment(0xC0, bytes((8, 0, ROWS * 8, COLUMNS * 8 >> 8, COLUMNS * 8 & 255, 1, 1, 0x11, 0)))
    + segment(0xC4, b'\x00' + bytes((0, 0, 0, 8)) + b'\x00' * 12 + bytes(range(8)))
    + segment(0xC4, b'\x10' + b'\x01' + b'\x00' * 15 + b'\x00')
    + segment(0xDA, b'\x01\x01\x00\x00\x3f\x00')
)


def encode(levels):
    """The JPEG of gray levels from 0 to 127, row by row."""
    out = bytearray(HEAD)
    bits = count = 0
    last = 64
    for level in levels:
        difference, last = level - last, level
        size = 0
        while abs(difference) >> size:
            size += 1
        if difference < 0:
            difference += (1 << size) - 1
        bits = (((bits << 4 | size) << size) | difference) << 1
        count += size + 5
        while count >= 8:
            count -= 8
            byte = bits >> count
            bits &= (1 << count) - 1
            out.append(byte)
            if byte == 255:
                out.append(0)  # or it would be a marker
    out.append((bits << 8 - count | (1 << 8 - count) - 1) & 255)
    return bytes(out) + b'\xff\xd9'


def frame(number):
    return encode(spots(number / 10))


def spots(time):
    x1, y1 = 16 + 11 * math.sin(time), 12 + 8 * math.cos(time * 1.3)
    x2, y2 = 16 + 12 * math.cos(time * 0.7), 12 + 7 * math.sin(time)
    for y in range(ROWS):
        for x in range(COLUMNS):
            near = 9 / (1 + (x - x1) ** 2 + (y - y1) ** 2) + 5 / (1 + (x - x2) ** 2 + (y - y2) ** 2)
            yield min(127, 12 + int(60 * near))
