"""Finds Wi-Fi networks, tries one, saves it: what the set-up page and others that set up share.

    found = scan(wifi.nic)                          # [(ssid, dBm, whether it is open)]
    reason = await join(wifi, 'home', 'password')   # '' once the board has an address
    save(wifi, 'home', 'password', 'desk')          # into network.json

`wifi` is the `link.Wifi` of the board. Nothing is saved that has not been joined.
"""

import json
import os
import socket
from asyncio import sleep

import link
import network
import startup

PATIENCE = 17000  # ms that a network has, in all
GLANCE = 0.25  # seconds between two looks at an attempt
MOST = 20  # networks that are listed


def scan(nic):
    """Return [(ssid, dBm, whether it is open)], the strongest first, each name once.

    It takes two to four seconds, in which nothing else runs. Networks without a name are left out,
    and so are names that are not text: no form could send them back. Raises `OSError`.
    """
    best = {}
    for name, _, _, strength, security, *_ in nic.scan():
        try:
            ssid = bytes(name).decode()
        except ValueError:
            continue
        if name and min(name) >= 32 and 127 not in name:
            if ssid not in best or best[ssid][0] < strength:
                best[ssid] = strength, security == 0
    order = sorted(best, key=lambda ssid: -best[ssid][0])
    return [(ssid,) + best[ssid] for ssid in order[:MOST]]


async def join(wifi, ssid, password):
    """Try a network; return '' once the board has an address there, else why not.

    :param ssid: a str of 1 to 32 bytes.
    :param password: a str of 8 to 64 characters, `''` for an open network.

    It takes 17 seconds at most. A Pico W tries WPA3 too if there is no such network with WPA2.
    """
    if wifi.held:
        return link.BUSY
    wifi.held = True
    try:
        wifi.stop()
        end = link.ticks_add(link.ticks_ms(), PATIENCE)
        reason = await attempt(wifi, ssid, password or None, False, end)
        if reason == link.NOT_FOUND and wifi.cyw43 and password:
            reason = await attempt(wifi, ssid, password, True, end)
        return reason
    finally:
        wifi.held = False
        wifi.after = link.ticks_ms()


async def attempt(wifi, ssid, password, wpa3, end):
    wifi.leave()
    await sleep(GLANCE)  # an ESP32 takes a moment to leave
    try:
        wifi.associate(ssid, password, wpa3)
        while True:
            await sleep(GLANCE)
            if wifi.nic.isconnected():
                return ''
            reason = wifi.verdict(password, link.ticks_diff(link.ticks_ms(), end) >= 0)
            if reason:
                break
    except link.FAILURES:
        reason = link.BUSY
    wifi.leave()
    return reason


def save(wifi, ssid, password, hostname=None):
    """Write a network into network.json, as the first one; what it says besides stays.

    A cut of the power leaves the old file or the new one. Raises `OSError` if there is no room.
    """
    settings = startup.settings()
    networks = settings.get('networks')
    networks = networks if isinstance(networks, list) else []
    if 'ssid' in settings:
        networks.insert(0, {'ssid': settings['ssid'], 'password': settings.get('password', '')})
    others = [n for n in networks if not (isinstance(n, dict) and n.get('ssid') == ssid)]
    settings.update({'ssid': ssid, 'password': password, 'networks': others})
    if hostname:
        settings['hostname'] = hostname
    write_whole('network.json', json.dumps(settings))
    wifi.settings = settings
    wifi.networks = link.known(settings)
    wifi.current = 0


def rename(wifi, hostname):
    """Give the board another name; it has to be done before it joins a network."""
    network.hostname(hostname)
    if wifi.cyw43 and link.FORGETS:
        # Its answers to the name are set up along with the interface. Older ones take the new name
        # when the access point closes, for which the radio starts anew.
        wifi.nic.active(False)
        wifi.switch_on()


def write_whole(name, text):
    """Write a file of the top of the file system, whole or not at all."""
    path = startup.FOLDERS[0] + '/' + name
    with open(path + '.new', 'w') as file:
        file.write(text)
    os.rename(path + '.new', path)


def is_free(port):
    """Whether nobody listens on a port; on all addresses, as lwIP would let two share it."""
    sock = socket.socket()
    try:
        sock.bind(socket.getaddrinfo('0.0.0.0', port)[0][-1])
        return True
    except OSError:
        return False
    finally:
        sock.close()
