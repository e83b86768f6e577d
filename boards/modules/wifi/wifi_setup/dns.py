"""A DNS server that leads every name to the board (RFC 1035).

Phones look for certain hosts when they have joined a network, and show the page that they are led
to. Answers are not to be remembered: the names mean something else in other networks.
"""

import asyncio
import socket

LONGEST = 512  # bytes of a query over UDP; what comes after them is lost


def answer(query, address):
    """Return the reply to a query, `None` if it deserves none.

    :param query: bytes as they came from the network.
    :param address: the 4 bytes that an A question of class IN gets; others get no records.

    A reply goes to queries with one question whose name is not compressed.
    """
    if len(query) < 17 or query[2] & 0xF8 or query[4:6] != b'\0\1':
        return None
    end = 12
    while query[end]:
        if query[end] > 63:
            return None
        end += 1 + query[end]
        if end + 5 > len(query) or end > 266:
            return None
    found = query[end + 1 : end + 5] == b'\0\1\0\1'
    # A response, authoritative, recursion available as a resolver wants to see it; no error.
    head = query[:2] + bytes((0x84 | query[2] & 1, 0x80)) + b'\0\1\0' + bytes((found,)) + bytes(4)
    reply = head + query[12 : end + 5]
    if found:
        # The name of the question, type A, class IN, 0 seconds, 4 bytes.
        reply += b'\xc0\x0c\0\1\0\1\0\0\0\0\0\4' + address
    return reply


def serve(address, port=53):
    """Answer queries to an address of the board until the task is cancelled.

    :param address: a str such as `192.168.4.1`; only queries to it are answered.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own = bytes([int(part) for part in address.split('.')])
    try:
        sock.setblocking(False)
        sock.bind(socket.getaddrinfo(address, port)[0][-1])
        while True:
            try:
                yield asyncio.core._io_queue.queue_read(sock)
                query, peer = sock.recvfrom(LONGEST)
                reply = answer(query, own)
                if reply:
                    sock.sendto(reply, peer)
            except (OSError, MemoryError):
                yield from asyncio.sleep_ms(20)  # whoever asked asks again
    except OSError as error:
        print('Wi-Fi: no DNS server: %s' % error)  # the page has to be opened by its address
    finally:
        sock.close()
