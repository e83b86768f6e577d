"""The set-up page of boards with Wi-Fi when memory is short: it goes on, and can be used again."""

import asyncio
import socket

from support import MICROPYTHON, skip
from test_setup_page import ADDRESS, PAGE, Front, Wifi, page_module
from wire import DEADLINE, free_port, post


def no_memory(*args):
    raise MemoryError


async def test_without_memory_for_an_attempt_the_next_one_can_be_made():
    async with Front() as front:
        front.page.attempt_it = no_memory
        form = 'token=%s&ssid=home&password=12345678' % front.page.token
        data = post(PAGE, form.encode(), 'Content-Type: application/x-www-form-urlencoded')
        reply = await front.server.request(data.replace(b'Host: h', b'Host: 127.0.0.1'))
        assert reply.status == 503 and not front.page.trying


async def test_the_page_is_served_once_there_is_memory():
    module = page_module()
    page = module.Page(Wifi())
    page.address = ADDRESS
    served = asyncio.Event()

    class App:
        tries = 0

        async def start_server(self, address, port):
            self.tries += 1
            if self.tries == 1:
                raise MemoryError
            served.set()

    page.app = App()
    grace, module.GRACE = module.GRACE, 0
    is_free, module.networks.is_free = module.networks.is_free, lambda port: True
    task = asyncio.create_task(page.listen())
    try:
        await asyncio.wait_for(served.wait(), DEADLINE)
    finally:
        task.cancel()
        module.GRACE, module.networks.is_free = grace, is_free


async def test_names_are_answered_once_there_is_memory():
    if not MICROPYTHON:
        skip('it waits as MicroPython does')
    dns = page_module().dns
    queue = asyncio.core._io_queue
    served = asyncio.Event()

    def fail(sock):
        del queue.queue_read
        served.set()
        raise MemoryError

    queue.queue_read = fail
    port = free_port()
    task = asyncio.create_task(dns.serve(ADDRESS, port))
    await served.wait()
    sock, reply = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), b''
    try:
        sock.setblocking(False)
        sock.connect(socket.getaddrinfo(ADDRESS, port)[0][-1])
        sock.send(b'\0\1\1\0\0\1' + bytes(6) + b'\1a\0\0\1\0\1')
        for _ in range(50):
            await asyncio.sleep(0.02)
            try:
                reply = sock.recv(512)
                break
            except OSError:
                pass
        assert reply[-4:] == bytes((127, 0, 0, 1))
    finally:
        sock.close()
        task.cancel()
