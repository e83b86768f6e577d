"""The network of a board without a radio: PPP over a UART.

`network.json`: `uart` (default 0, which is GP0 and GP1 of a Pico) and `baudrate` (1000000).
"""

import network
from machine import UART


def start(settings):
    """Begin to connect and return the interface, `None` if there can be none."""
    number, baudrate = settings.get('uart', 0), settings.get('baudrate', 1000000)
    try:
        # No `timeout`: the interrupt that hands received bytes to lwIP must not wait for more. A
        # window of TCP has to fit into a buffer (see lwip_server.h).
        nic = network.PPP(UART(number, baudrate, txbuf=4096, rxbuf=4096))
        nic.connect()
        return nic
    except (OSError, TypeError, ValueError) as error:
        print('PPP: uart %r, baudrate %r: %s' % (number, baudrate, error))


def retry(nic):
    """Ask the peer again, unless that is being done."""
    if nic.status() <= 2:  # an error, or nothing under way
        try:
            nic.connect()
        except OSError:
            pass  # the last connection has not ended yet


def hopes():
    """Whether there is a network to wait for."""
    return True


def name():
    """The name that the system answers to: PPP has no such thing."""
    return ''
