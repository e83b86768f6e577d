"""The network of a board without a radio: PPP over a UART.

`network.json`: `uart` (default 0, which is GP0 and GP1 of a Pico) and `baudrate` (1000000).
"""

import network
from machine import UART


def start(settings):
    # No `timeout`: the interrupt that hands received bytes to lwIP must not wait for more. A window
    # of TCP has to fit into a buffer (see mpconfigboard.h).
    uart = UART(settings.get('uart', 0), settings.get('baudrate', 1000000), txbuf=4096, rxbuf=4096)
    nic = network.PPP(uart)
    nic.connect()
    return nic


def retry(nic):
    """Ask the peer again, unless that is being done."""
    if nic.status() <= 2:  # an error, or nothing under way
        try:
            nic.connect()
        except OSError:
            pass  # the last connection has not ended yet
