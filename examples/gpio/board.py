"""The pins. Their numbers are for a Raspberry Pi Pico: change them to what yours are wired to."""

try:
    from machine import Pin
except ImportError:  # no pins here: they remember what they are set to

    class Pin:
        IN, OUT, PULL_UP = 'in', 'out', 'up'

        def __init__(self, number, mode, pull=None, value=0):
            self.state = 1 if pull == self.PULL_UP else value

        def value(self, value=None):
            if value is None:
                return self.state
            self.state = value


OUTPUTS = {
    'lamp': Pin(14, Pin.OUT, value=0),
    'fan': Pin(15, Pin.OUT, value=0),
    'pump': Pin(16, Pin.OUT, value=0),
}
INPUTS = {
    'door': Pin(17, Pin.IN, Pin.PULL_UP),  # on as long as nothing pulls the pin to ground
}
