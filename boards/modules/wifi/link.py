"""The network of a board with Wi-Fi.

`network.json`: `ssid`, `password` (none: an open network), `hostname`, `country` (two letters).
"""

import network

credentials = None


def start(settings):
    global credentials
    for name in ('hostname', 'country'):
        if name in settings:
            getattr(network, name)(settings[name])
    if 'ssid' not in settings:
        print('Wi-Fi: put {"ssid": "...", "password": "..."} into network.json')
        return None
    credentials = settings['ssid'], settings.get('password')
    nic = network.WLAN(network.STA_IF)
    nic.active(True)
    nic.connect(*credentials)
    return nic


def retry(nic):
    """Start over, unless a connection is being made."""
    if nic.status() != network.STAT_CONNECTING:
        try:
            nic.disconnect()
            nic.connect(*credentials)
        except OSError:
            pass  # the radio is busy
