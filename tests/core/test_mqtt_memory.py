"""The MQTT client goes on when memory has been short."""

import asyncio

from heap import heap_lock, heap_unlock
from microdot.mqtt import MQTTClient
from microdot.topics import Topic
from support import araises
from wire import until


class Client(MQTTClient):
    """What has to fail for want of memory does so once."""

    backoff = (0, 0)

    def __init__(self):
        super().__init__('broker')
        self.tries = 0
        self.over = asyncio.Event()

    async def _connection(self):
        self.tries += 1
        if self.tries == 1:
            raise MemoryError
        await self.over.wait()

    def publish(self, *args):
        self.tries += 1
        if self.tries == 1:
            raise MemoryError
        self.over.set()


async def test_mqtt_connects_again():
    client = Client()
    task = asyncio.create_task(client.run())
    await until(lambda: client.tries == 2)
    task.cancel()
    await araises(asyncio.CancelledError, task)
    assert isinstance(client.error, MemoryError)


async def test_mqtt_without_memory_for_what_ended_it():
    """It is not made into another exception, which takes memory."""
    client = Client()
    client._over = client.over

    async def serve(stream):
        heap_lock()
        raise MemoryError

    try:
        await client._until_over(serve, None)
    finally:
        heap_unlock()
    assert client.over.is_set() and isinstance(client.error, MemoryError)


async def test_mqtt_goes_on_forwarding():
    client = Client()
    topic = Topic()
    task = asyncio.create_task(client._forward(topic, 'name', 0, False))
    await asyncio.sleep(0)
    topic.publish('lost')
    topic.publish('sent')
    await client.over.wait()
    task.cancel()
    await araises(asyncio.CancelledError, task)


def test_attributes_have_their_place():
    client = MQTTClient('broker')
    heap_lock()
    try:
        client.connected, client.error = True, MemoryError
    finally:
        heap_unlock()
