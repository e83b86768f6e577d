"""`microdot.mqtt`: topics of the application joined to those of a broker."""

import asyncio

import microdot  # noqa: F401 before `broker`, which would import it from deeper in the stack
from broker import Broker, Running
from microdot.mqtt import MQTTClient
from microdot.topics import Topic
from support import raises
from wire import DEADLINE, HOST, until


async def _take(listener, count):
    messages = []
    async for message in listener:
        messages.append((message.data, message.number))
        if len(messages) == count:
            return messages


async def test_joined_topics():
    """name, incoming, what listeners here get of `here` and `there`, what the broker gets."""
    table = (
        ('out', None, ['here'], [b'here']),
        (None, 'in/+', ['here', 'there'], []),
        ('out', 'in/+', ['here', 'there'], [b'here']),
        ('both', 'both', ['here', 'there'], [b'here']),  # `here` comes back from the broker
    )
    for name, incoming, heard, sent in table:
        published = []

        async def script(peer, name=name, incoming=incoming, sent=sent, published=published):
            await peer.accept()
            if incoming:
                await peer.subscribed()
            if sent:
                published.append((await peer.published())[1])
                if name == incoming:
                    await peer.message(name.encode(), published[-1])
            if incoming:
                await peer.message(incoming.replace('+', 'x').encode(), b'there')
            await asyncio.sleep(DEADLINE)

        async with Broker(script) as broker:
            topic = Topic()
            running = Running(broker)
            running.client.join(topic, name, incoming)
            listener = topic.listen()
            async with running as client:
                await until(lambda client=client: client.connected)
                topic.publish('here')
                messages = await asyncio.wait_for(_take(listener, len(heard)), DEADLINE)
                await until(lambda published=published, sent=sent: published == sent)
        assert sorted(data for data, _ in messages) == sorted(heard), (name, incoming, messages)


def test_what_cannot_be_joined():
    client = MQTTClient(HOST)
    topic = Topic()
    raises(ValueError, client.join, topic, 'a/#')
    raises(ValueError, client.join, topic, None, 'a/#/b')
    client.join(topic, 'a')
    raises(ValueError, client.join, topic, 'b')
