"""The sensor SHT31 for temperature and humidity, on an I2C bus."""

import asyncio

ADDRESS = 0x44


def checksum(data):
    """CRC-8 as in the sensor's data sheet."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ 0x31 if crc & 0x80 else crc << 1
            crc &= 0xFF
    return crc


class SHT31:
    def __init__(self, bus):
        self.bus = bus
        self.lock = asyncio.Lock()

    async def read(self):
        """Return degrees Celsius and percent; OSError if the sensor does not answer, or garbled."""
        async with self.lock:
            self.bus.writeto(ADDRESS, b'\x24\x00')
            await asyncio.sleep(0.02)  # it measures; others are served meanwhile
            data = self.bus.readfrom(ADDRESS, 6)
        if checksum(data[:2]) != data[2] or checksum(data[3:5]) != data[5]:
            raise OSError('checksum of the SHT31')
        celsius = -45 + 175 * int.from_bytes(data[:2], 'big') / 65535
        return celsius, 100 * int.from_bytes(data[3:5], 'big') / 65535
