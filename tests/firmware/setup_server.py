"""A board without a network on MicroPython's unix port, with a stand-in radio: to be set up.

micropython setup_server.py PORT DNS_PORT [SECONDS]

The page is in front of the application at PORT. What is in the air: `home` (password
`secret-of-home`), a café without a password, and neighbors. An attempt takes SECONDS (0.3). A line
of the pipe `orders` is run as Python, with `radio`, `link`, `startup`, `page` (the open page).
"""

import asyncio
import sys

import wifi_standins

port, dns_port = int(sys.argv[1]), int(sys.argv[2])
seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 0.3
radio = wifi_standins.install('esp32', wifi_standins.WallClock())
radio.address = '127.0.0.1'
radio.air.update({'home': 'secret-of-home', 'Café Zürich': ''})
radio.neighbors = [
    (b'home', -42, 4),
    (b'FRITZ!Box 7590 <guests>', -67, 4),
    ('台所 🏠'.encode(), -71, 4),
    (b'a-network-with-a-very-long-name!', -84, 4),
    (b'far', -90, 0),
]
wifi_standins.SCAN = wifi_standins.REFUSAL = wifi_standins.JOIN = int(seconds * 1000)

import link  # noqa: E402 - the stand-ins come first
import startup  # noqa: E402
from wifi_setup import networks, page  # noqa: E402 - the stand-ins come first

from microdot import Microdot  # noqa: E402

page.PORT, page.DNS_PORT, networks.GLANCE = port, dns_port, 0.05
startup.FOLDERS, startup.LOOK = ('.',), 0.1
app = Microdot()
app.allowed_hosts = ['app.example']
app.get('/')(lambda request: 'the application')


async def orders():
    reader = asyncio.StreamReader(open('orders', 'rb'))
    while True:
        line = await reader.readline()
        if not line:
            return
        exec(line, {'radio': radio, 'link': link, 'startup': startup, 'page': link.wifi.page})


async def main():
    asyncio.create_task(orders())
    await app.start_server('0.0.0.0', port)


startup.begin()
asyncio.run(main())
