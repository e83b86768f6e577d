"""The bus and the ADC. The pins are those of a Raspberry Pi Pico; change them to what yours are."""

try:
    from machine import ADC, I2C, Pin

    bus = I2C(0, sda=Pin(4), scl=Pin(5))
    light = ADC(Pin(26))
except ImportError:
    # Nothing to measure here: a sensor that answers as the real one does, about a day that passes
    # in ten minutes, so that the rest runs as on a board.
    import math
    import time

    from sht31 import checksum

    def wave():
        return math.sin(time.time() % 600 / 600 * 2 * math.pi)

    class Bus:
        def writeto(self, address, command):
            if address != 0x44 or command != b'\x24\x00':
                raise OSError(19, 'no such device')

        def readfrom(self, address, size):
            data = b''
            for share in ((18 + 7 * wave() + 45) / 175, (55 - 20 * wave()) / 100):
                word = int(share * 65535).to_bytes(2, 'big')
                data += word + bytes((checksum(word),))
            return data[:size]

    class Light:
        def read_u16(self):
            return int(32767 + 30000 * wave())

    bus, light = Bus(), Light()
