"""Live data with all of its types, which `mypy --strict` accepts and which runs."""

import asyncio
from typing import Any

from microdot import Microdot, Request, Response
from microdot.access_log import access_log
from microdot.health import Health
from microdot.homeassistant import Device, Entity
from microdot.lifespan import Task
from microdot.mqtt import MQTTClient, matches
from microdot.test_client import TestClient
from microdot.topics import Dropped, Listener, Message, Topic
from microdot.websocket import WebSocket, with_websocket

app = Microdot()
health = Health(app, metrics='/figures')
readings = Topic(8, slow='tell')
client = MQTTClient('127.0.0.1', client_id='desk', keepalive=30)
client.join(readings, 'desk/readings', incoming='house/#', qos=1)
device = Device(client, 'desk', name='Desk', configuration_url='http://desk.local')
temperature: Entity = device.add('sensor', 'temperature', device_class='temperature')
fan = device.add('switch', 'fan')
counts = {'started': 0, 'ended': 0, 'lines': 0}


def log(request: Request | None, response: Response, milliseconds: int) -> None:
    counts['lines'] += 1


access_log(app, log)


@app.on_startup
async def begin() -> None:
    counts['started'] += 1


@app.on_shutdown
def end() -> None:
    counts['ended'] += 1


async def measure() -> None:
    while True:
        readings.publish({'celsius': 21.5}, event='reading')
        temperature.set(21.5)
        await asyncio.sleep(0.01)


task: Task = app.create_task(measure, restart=True)


@health.check
async def fresh() -> bool:
    return readings.number >= 0


@fan.on_command
def blow(on: bool) -> None:
    fan.set(on)


@client.on('desk/lamp/set', qos=1)
def shine(topic: str, payload: bytes, retained: bool) -> None:
    readings.publish(payload)


@client.on_connect
def connected() -> None:
    client.publish('desk/status', 'online', qos=1, retain=True)


@app.get('/events')
async def events(request: Request) -> Any:
    return readings.to_sse(request, last=1)


@app.get('/socket')
@with_websocket
async def socket(request: Request, ws: WebSocket) -> None:
    async def said(data: str | bytes) -> None:
        readings.publish(data)

    await readings.to_websocket(ws, said, last=1)


async def first_of(listener: Listener) -> Message | None:
    try:
        async for message in listener:
            return message
    except Dropped:
        pass
    return None


async def use() -> list[str]:
    """What the parts say while the application runs."""
    async with TestClient(app) as visitor:
        message = await first_of(readings.listen(last=1))
        assert message and message.json == {'celsius': 21.5} and message.event == 'reading'
        async with visitor.connect('/socket') as ws:
            assert await ws.receive() == '{"celsius": 21.5}'
        status = (await visitor.get('/health')).status_code
    assert matches('desk/+', 'desk/fan') and counts == {'started': 1, 'ended': 1, 'lines': 2}
    return [message.id, str(status), str(task.restarts), str(len(client.queue))]


if __name__ == '__main__':
    print(*asyncio.run(use()))
