"""What the board measures and switches; stand-ins where there are no pins.

A lamp on pin 15, a fan behind a transistor on pin 14; the temperature is the chip's own (RP2040).
"""

try:
    from machine import ADC, PWM, Pin

    sensor = ADC(4)
    led = PWM(Pin(15), freq=1000)
    motor = Pin(14, Pin.OUT)
except (ImportError, ValueError, TypeError):
    sensor = led = motor = None


def celsius():
    if not sensor:
        return 21.5
    volts = sensor.read_u16() * 3.3 / 65535
    return round(27 - (volts - 0.706) / 0.001721, 1)  # as the data sheet of the RP2040 says


def shine(brightness):
    """From 0 to 255."""
    if led:
        led.duty_u16(brightness * 257)


def blow(on):
    if motor:
        motor.value(on)


def restart():
    try:
        from machine import reset
    except ImportError:
        print('Restart')
        return
    reset()
